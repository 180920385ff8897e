// SIGINT and SIGTERM ask a run to stop: it writes a checkpoint and ends with 130 or 143. A second signal kills at once.
#pragma once

namespace graft {

void catch_stop_signals();      // the command line calls this once
int stop_signal();              // 0, SIGINT or SIGTERM: what has been asked for so far
void request_stop(int signal);  // as if the signal had come (tests)

}  // namespace graft

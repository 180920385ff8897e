// OpenAI's byte pairs for CLIP (assets/clip_bpe), gzip-compressed, as they are. CLIP_BPE_FILE is the file's path.
    .section .rodata
    .global graft_clip_merges_begin
    .global graft_clip_merges_end
graft_clip_merges_begin:
    .incbin CLIP_BPE_FILE
graft_clip_merges_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits

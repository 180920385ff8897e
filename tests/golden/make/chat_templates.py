"""Chat templates of the known families, as Jinja renders them: tests/golden/chat_templates.json.

    python chat_templates.py

The programs say what the published ones of each family say where neither tools nor thoughts are given, in words of our
own. Jinja2 3.1.6 with transformers' settings (trim_blocks, lstrip_blocks) wrote what is here.
"""
import json
import pathlib

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

TURN = "{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
SYSTEM_APART = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set rest = messages[1:] %}
{%- else %}
    {%- set rest = messages %}
{%- endif %}
"""
MISTRAL_V3 = SYSTEM_APART + """{{- bos_token }}
{%- for m in rest %}
    """ + TURN + """
    {%- if m["role"] == "user" %}
        {%- if tools %}{{- "[AVAILABLE_TOOLS] " + tools|tojson + "[/AVAILABLE_TOOLS]" }}{%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + m["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + m["content"] + "[/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + m["content"]|trim + eos_token }}
    {%- endif %}
{%- endfor %}
"""
PROGRAMS = {
    "chatml": """{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    "chatml with a system message of its own": """{%- if messages[0].role != 'system' %}
    {{- '<|im_start|>system\\nYou are a model of Example Inc.<|im_end|>\\n' }}
{%- endif %}
{%- for m in messages %}
    {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    "llama3": """{% for m in messages %}{% set part = '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' %}
{%- if loop.index0 == 0 %}{% set part = bos_token + part %}{% endif %}{{ part }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}""",
    "llama3 with dates": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set words = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set words = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- words }}
{{- "<|eot_id|>" }}
{%- for m in messages %}
    {{- '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "gemma": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- set first_user_prefix = messages[0]['content'] + '\\n\\n' -%}
    {%- set rest = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set rest = messages -%}
{%- endif -%}
{%- for m in rest -%}
    """ + TURN + """
    {%- if m['role'] == 'assistant' -%}{%- set role = "model" -%}{%- else -%}{%- set role = m['role'] -%}{%- endif -%}
    {{ '<start_of_turn>' + role + '\\n' + (first_user_prefix if loop.first else "") }}{{ m['content'] | trim }}{{ '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}
""",
    "gemma2": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for m in messages %}""" + TURN + """{% if m['role'] == 'assistant' %}{% set role = 'model' %}{% else %}{% set role = m['role'] %}{% endif %}
{{- '<start_of_turn>' + role + '\\n' + m['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}""",
    "mistral-v0": "{{ bos_token }}{% for message in messages %}" + TURN.replace("m[", "message[") +
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token }}"
    "{% else %}{{ raise_exception('only user and assistant') }}{% endif %}{% endfor %}",
    "mistral-v1": SYSTEM_APART + """{{- bos_token }}
{%- for m in rest %}
    """ + TURN + """
    {%- if m["role"] == "user" %}
        {%- if loop.first and system_message is defined %}
            {{- " [INST] " + system_message + "\\n\\n" + m["content"] + " [/INST]" }}
        {%- else %}
            {{- " [INST] " + m["content"] + " [/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + m["content"] + eos_token }}
    {%- endif %}
{%- endfor %}
""",
    "mistral-v3": MISTRAL_V3,
    "mistral-v3-tekken": MISTRAL_V3.replace("[INST] ", "[INST]").replace('" " + m["content"]|trim', 'm["content"]')
                                   .replace("[AVAILABLE_TOOLS] ", "[AVAILABLE_TOOLS]"),
    "mistral-v7": "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + '[/INST]' }}"
    "{% elif m['role'] == 'system' %}{{ '[SYSTEM_PROMPT] ' + m['content'] + '[/SYSTEM_PROMPT]' }}"
    "{% elif m['role'] == 'assistant' %}{{ ' ' + m['content'] + eos_token }}"
    "{% else %}{{ raise_exception('no such role') }}{% endif %}{% endfor %}",
}
SYSTEM, HELLO, THERE = ("system", " Be brief.\n"), ("user", " Hello, \u00e9! \n"), ("assistant", "  Hi there \n")
CONVERSATIONS = [
    [HELLO],
    [SYSTEM, HELLO],
    [HELLO, THERE, ("user", "Who are you?")],
    [SYSTEM, HELLO, THERE, ("user", "Who are you?")],
    [HELLO, THERE, ("user", "Who?"), ("assistant", "[INST] <|im_end|> me")],
    [HELLO, HELLO],
    [THERE],
    [SYSTEM],
]


def refuse(words):
    raise TemplateError(words)


def main():
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    cases = []
    for name, program in PROGRAMS.items():
        template = environment.from_string(program)
        for conversation in CONVERSATIONS:
            messages = [{"role": role, "content": content} for role, content in conversation]
            for asks in (False, True):
                if asks and conversation[-1][0] == "assistant":
                    continue
                try:
                    rendered = template.render(messages=messages, add_generation_prompt=asks,
                                               bos_token="<s>", eos_token="</s>")
                except TemplateError:
                    rendered = None
                cases.append({"name": name, "messages": conversation, "asks": asks, "rendered": rendered})
    golden = {"programs": PROGRAMS, "cases": cases}
    (pathlib.Path(__file__).parent.parent / "chat_templates.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()

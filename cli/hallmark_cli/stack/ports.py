"""The ports of a stack, and the settings that say which."""

from hallmark_cli.stack.parts.tempo import has_tempo
from hallmark_cli.up.ports import PortSetting, ports_of_services
from hallmark_common.settings import Settings, variable

PREFIX = "stack_"
TEMPO = "stack_tempo_"
HOST = "127.0.0.1"
"""Where the parts listen: what is on them is for this machine only."""


def ports_of_stack(settings: Settings) -> list[PortSetting]:
    """What `hallmark stack` opens: the ports of the services, and of every part that it will start."""
    fields = [field for field in Settings.model_fields if field.startswith(PREFIX) and field.endswith("_port")]
    wanted = [field for field in fields if has_tempo() or not field.startswith(TEMPO)]
    parts = [PortSetting(variable(field), HOST, getattr(settings, field)) for field in wanted]
    return [*ports_of_services(settings), *parts]

"""``python -m hallmark_web``: the web service as a process."""

import sys

from hallmark_common.service import run_service
from hallmark_web.service import web_service

sys.exit(run_service("hallmark-web", web_service))

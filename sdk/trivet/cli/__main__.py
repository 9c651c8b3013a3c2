"""``python -m trivet.cli``."""

import sys

from trivet.cli import main

sys.exit(main())

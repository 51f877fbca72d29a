"""Writes the next revision from the difference between domain/tables and the revisions there are.

To write the initial one anew while nothing is released: delete it, then `python -m migrations "initial schema"`.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from runtime.platform.database import alembic_config, connect
from runtime.platform.embedded import embedded_postgres


def write(message: str) -> Path:
    """Generate the revision and format it."""
    with tempfile.TemporaryDirectory() as scratch, embedded_postgres(Path(scratch), durable=False) as url:
        engine, _ = connect(url)
        with engine.begin() as connection:
            config = alembic_config(connection)
            number = len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1
            command.upgrade(config, "head")
            slug = re.sub(r"\W+", "_", message).lower()
            config.set_main_option("file_template", f"{number:04}_{slug}")
            script = command.revision(config, message, autogenerate=True, rev_id=f"{number:04}")
        engine.dispose()
    if script is None or isinstance(script, list):
        raise SystemExit("no revision was written")
    path = Path(script.path)
    code = re.sub(r"\n *# ###.*", "", path.read_text())
    path.write_text(code.replace("sqlmodel.sql.sqltypes.AutoString()", "sa.String()"))
    for task in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *task, str(path)], check=True)
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{write(sys.argv[1])}\n")

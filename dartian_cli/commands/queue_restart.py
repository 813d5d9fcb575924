"""``dartian queue:restart``: let live workers finish what runs and end, for a supervisor to start them anew."""

from dartian_cli import application, ui, wording
from dartian_cli.flags import AsJson, ConnectionName
from dartian_cli.stored import worker_data

__all__ = ["EXAMPLES", "queue_restart"]

EXAMPLES = ("dartian queue:restart", "dartian queue:restart --json")


def queue_restart(connection: ConnectionName = None, json: AsJson = False) -> None:
    """Let live workers finish what runs and end.

    They take no new jobs, let the running ones finish within their grace, and exit 0. What keeps them running, such as
    systemd, supervisor or a container's restart policy, has to start them again, with the new code.
    """
    chosen = application.storing_connection(connection, "queue:restart --connection")
    store = application.sought_store(chosen)
    asked = store.ask_restart() if store else []
    if json:
        ui.emit({"asked": [worker_data(worker) for worker in asked]})
        return
    if not asked:
        ui.say("No live worker: there is nothing to restart.")
        return
    names = ", ".join(f"{ui.escaped(worker.name)} (pid {worker.pid})" for worker in asked)
    ui.say(f"{wording.of(len(asked), 'worker')} asked to finish and end: {names}", "green")
    ui.say("They exit 0; what keeps them running, such as systemd, has to start them again.")

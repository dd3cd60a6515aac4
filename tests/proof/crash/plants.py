"""Four bugs, planted on purpose: the proof is worth nothing if it does not find them."""

from barscope.store import runs
from barscope.store.json_text import to_json
from barscope.store.run_rows import remove_rows
from barscope.store.run_writer import RunWriter


def recovery_outside_a_transaction(_tell):
    """The run is said to be failed first, and its rows are removed then."""

    def recover(store, run_id):
        owner = store._owners.lock(run_id)
        if not owner.try_acquire():
            return False
        with store.database.atomic() as connection:
            status = "UPDATE runs SET status = 'failed', metadata = ? WHERE run_id = ?"
            connection.execute(status, (to_json({"reason": "interrupted"}), run_id))
            runs.interrupt_state(connection, store.database, run_id)
        remove_rows(store.database, run_id)
        owner.release(remove=True)
        return True

    runs.RunStore._recover = recover


def status_before_the_last_rows(_tell):
    """The run is completed in one transaction, and its last rows are written in another."""
    complete = RunWriter.complete

    def early(writer, *args):
        held, writer._held = writer._held, []
        end, writer._end = writer._end, lambda: None
        complete(writer, *args)
        writer._held = held
        with writer._database.atomic() as connection:
            writer._write_held(connection)
        end()

    RunWriter.complete = early


def acknowledged_before_commit(tell):
    """The run is told to be completed before it is."""
    complete = RunWriter.complete

    def told(writer, *args):
        tell("complete", run_id=writer.run_id)
        complete(writer, *args)

    RunWriter.complete = told


def cancel_keeps_rows(_tell):
    """A cancelled run keeps what it had recorded."""

    def cancel(writer, ts_end, _metadata=None):
        with writer._database.atomic(durable=True) as connection:
            writer._set_status(connection, "cancelled", ts_end, {})
            writer.state.end(connection, ts_end)
        writer._end()

    RunWriter.cancel = cancel


PLANTS = {
    "recovery outside a transaction": recovery_outside_a_transaction,
    "status before the last rows": status_before_the_last_rows,
    "acknowledged before commit": acknowledged_before_commit,
    "cancel keeps rows": cancel_keeps_rows,
}

"""Certificates in the explorer panel, jobs inline: the line under the form, the marks in catalogue and session."""

import threading

import numpy as np
import pytest

import barscope as bs
from barscope.indicators import build_indicator
from barscope.indicators import certificates as module
from barscope.jobs import JobRunner
from barscope.widgets.certificates import CertificateLine, Examiner, lines_of, tone_of


class Later:
    """An executor that works when it is told to."""

    def __init__(self):
        self.waiting = []

    def submit(self, function, *arguments):
        """Keep it for later."""
        self.waiting.append(lambda: function(*arguments))

    def work(self):
        """Do all that waits."""
        while self.waiting:
            self.waiting.pop(0)()


@pytest.fixture
def next_close():
    """The user's own indicator that looks ahead, on purpose."""

    @bs.indicator
    def next_close(close, shift: int = bs.parameter(1, minimum=0)):
        """The close some bars later."""
        return np.append(close[shift:], np.full(shift, np.nan))

    return next_close


@pytest.fixture
def panel(workspace, next_close):
    """A panel on SYN."""
    made = workspace.explorer_panel()
    made.source.symbols.value = ["SYN"]
    yield made
    made.close()


def choose(panel, class_name, params=None):
    """Turn the picker to an indicator; a notebook's loop looks by itself."""
    panel.picker.select(class_name, params)
    panel.refresh()


def labels(panel):
    """Class name → its label in the catalogue."""
    return {value: label for label, value in panel.picker.found.options}


def test_the_form_shows_what_was_proven_of_its_parameters(panel):
    """Warm-up and parity follow the value in the form."""
    choose(panel, "SMA")
    assert panel.picker.certificate.lines == (
        "✓ causal, first value at bar 29",
        "TA-Lib SMA: equal from bar 29",
    )
    panel.picker.form.fields["timeperiod"].input.value = 9
    panel.refresh()
    assert panel.picker.certificate.lines[0] == "✓ causal, first value at bar 8"


def test_wrong_parameters_have_no_certificate(panel):
    """The message about the value stands there alone."""
    choose(panel, "SMA", {"timeperiod": 0})
    panel.refresh()
    assert panel.picker.form.problem
    assert panel.picker.indicator is None
    assert panel.picker.certificate.lines == ("", "")


def test_a_look_ahead_is_marked_in_form_and_catalogue(panel):
    """Red with the first offending bar; what was typed into the form stays."""
    choose(panel, "next_close", {"shift": 2})
    assert panel.picker.certificate.lines[0] == "✗ looks ahead, first at bar 0"
    assert "barscope-is-bad" in panel.picker.certificate.widget._dom_classes
    assert labels(panel)["next_close"].startswith("✗ ")
    assert panel.picker.form.params == {"shift": 2}
    choose(panel, "next_close", {"shift": 0})
    assert not labels(panel)["next_close"].startswith("✗")
    assert "barscope-is-good" in panel.picker.certificate.widget._dom_classes


def test_a_look_ahead_is_marked_in_the_session_and_recorded(panel, workspace):
    """The row has a red mark with the reason, the run its certificate; TA-Lib's have neither."""
    run = workspace.run(panel.add_indicator("next_close").run_id)
    plain = workspace.run(panel.add_indicator("SMA").run_id)
    panel.refresh()
    own, other = panel.indicators.rows.values()
    assert "changes once later bars are known" in own.warning.value
    assert (own.warning.layout.display, other.warning.layout.display) == ("", "none")
    assert run.config["certificates"]["next_close(1)"]["first_lookahead"] == 0
    assert "certificates" not in plain.config


def test_typing_asks_for_the_last_value_alone():
    """While one is examined others may come and go; only what is wanted then is examined next."""
    later = Later()
    examiner = Examiner(JobRunner(later))
    first, between, last = (build_indicator("SMA", {"timeperiod": n}) for n in (2, 3, 4))
    assert examiner.look([first])
    assert examiner.look([between])
    assert examiner.look([last])
    later.work()
    assert examiner.look([last])
    later.work()
    assert not examiner.look([last])
    assert [examiner.known(one) is not None for one in (first, between, last)] == [True, False, True]


def test_the_line_does_not_flicker():
    """While the same indicator with other parameters is examined the last certificate stays, dimmed."""
    line = CertificateLine()
    proven = bs.certify(build_indicator("SMA"))
    line.show("SMA", proven)
    line.show("SMA", None)
    assert line.lines == lines_of(proven)
    assert "barscope-waiting" in line.widget._dom_classes
    line.show("SMA", proven)
    assert "barscope-waiting" not in line.widget._dom_classes
    line.show("EMA", None)
    assert line.lines == ("", "")


def test_what_could_not_be_proven_is_no_green():
    """An indicator that fails, and one whose drivers differ."""
    failed = module.Certificate("X", "{}", "", problem="no bars <b>today</b>")
    assert (tone_of(failed), lines_of(failed)[0]) == ("warn", "! not examined")
    differs = module.Certificate("X", "{}", "", driver_difference=100, warm_up=3)
    assert lines_of(differs) == ("! causal, first value at bar 3", "bar by bar it differs from bar 100")
    line = CertificateLine()
    line.show("X", failed)
    assert "<b>" not in line.widget.children[1].value


def test_the_catalogue_as_a_table(workspace, next_close):
    """A row per name, in the order asked for, with missing numbers where there is nothing to say."""
    frame = workspace.certificates(["ADX", "next_close", "Close"])
    assert frame["is_causal"].tolist() == [True, False, True]
    assert frame.loc["ADX", "equal_from"] > frame.loc["ADX", "warm_up"]
    assert frame["first_lookahead"].isna().tolist() == [True, False, True]
    assert frame["talib"].isna().tolist() == [False, True, True]
    with pytest.raises(bs.errors.UnknownIndicatorError):
        workspace.certificates(["NOPE"])


def test_a_slow_examination_keeps_no_chart_waiting(tmp_path, minute_bars):
    """While code of the user's own is stuck in its examination the chart is read and drawn."""
    opened, entered = threading.Event(), threading.Event()

    class Stuck(bs.Indicator):
        """Waits to be let go."""

        def compute(self, bars):
            entered.set()
            assert opened.wait(20)
            return bars.close

    with bs.Workspace(tmp_path / "ws") as ws:
        ws.secmaster.write(ws.secmaster.ensure_publisher("test", "TEST.WALK").publisher_id, [minute_bars("SYN")])
        panel = ws.explorer_panel()
        panel.picker.select("Stuck")
        while not entered.wait(0.05):  # what the picker showed before may still be examined
            panel.refresh()
        examination = ws.proofs.live()[-1]
        for reading in ws.reads.live():
            assert reading.wait(5)
        panel.refresh()
        assert panel.chart.data.symbol == "SYN"
        assert panel.picker.certificate.lines == ("", "")
        opened.set()
        examination.result(20)
        panel.refresh()
        assert panel.picker.certificate.lines[0] == "✓ causal, no warm-up"
        panel.close()

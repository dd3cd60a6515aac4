"""What a notebook asks of a sweep: stretches from splits and folds, judgement as methods, and figures."""

import pytest

import barscope as bs
from barscope.domain.judgement import walk_forward
from barscope.studies import sweep_judgement
from barscope.workspace.sweep_figures import look_at


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    """A workspace with the sample stocks."""
    with bs.Workspace(tmp_path_factory.mktemp("sweep-for-notebooks")) as ws:
        ws.load_samples()
        yield ws


@pytest.fixture(scope="module")
def request_(ws):
    """Eight pairs of averages on two stocks over train, dev and test."""
    choice = bs.BarChoice(
        symbols=["AAPL", "IBM"], rtype=35, publisher_id=1, start_date="2005-03-01", end_date="2012-12-31"
    )
    regions = ws.data_splits.plan(choice).regions
    return bs.SweepRequest(
        **choice.model_dump(),
        strategy="SMACrossover",
        parameters={"fast_period": [5, 10], "slow_period": [30, 60, 90, 120]},
        stretches=[bs.Stretch.of(region) for region in regions],
    )


@pytest.fixture(scope="module")
def run(ws, request_):
    """The sweep."""
    return ws.sweep(request_).result()


def test_the_regions_of_a_split_are_stretches(request_):
    """They have the names and the days of the split."""
    assert [stretch.name for stretch in request_.stretches] == ["train", "dev", "test"]
    assert request_.stretches[0].start_date == "2005-03-01"
    assert request_.stretches[-1].end_date == "2012-12-31"


def test_the_windows_of_a_walk_are_stretches(ws, request_):
    """A sweep over the windows of the folds walks forward."""
    folds = walk_forward("2005-03-01", "2008-12-31", train_days=700, test_days=300)
    windows = tuple(bs.Stretch.of(window) for fold in folds for window in (fold.train, fold.test))
    walked = ws.sweep(request_.model_copy(update={"stretches": windows})).result().sweep
    table = walked.walk_forward(folds, "total_return", symbol="IBM")
    assert table["fold"].to_list() == [1, 2]
    first = walked.best("total_return", "train 1", "IBM")
    assert table["combination"][0] == first
    proved = walked.ranking("total_return", "test 1", "IBM").filter(combination=first)
    assert table["test"][0] == pytest.approx(proved["total_return"][0])


def test_judgement_is_asked_of_the_result(run):
    """Each method is the judgement of the children; without a stretch it is that of the first."""
    sweep, children = run.sweep, run.sweep.children
    assert sweep.plateau("sortino").equals(sweep_judgement.plateau(children, "sortino", None, "train"))
    assert sweep.plateau(stretch="dev", symbol="IBM").equals(sweep_judgement.plateau(children, "sharpe", "IBM", "dev"))
    assert sweep.deflated_sharpe() == sweep_judgement.deflated_sharpe(children, None, "train")
    judged = sweep.deflated_sharpe(combination=3, stretch="test", symbol="AAPL", trials=2)
    assert judged == sweep_judgement.deflated_sharpe(children, "AAPL", "test", combination=3, trials=2)
    whole, dev = sweep.overfitting(groups=8), sweep.overfitting(stretch="dev", symbol="IBM", groups=4)
    assert whole.pbo == sweep_judgement.overfitting(children, None, "train", groups=8).pbo
    assert (whole.splits, dev.splits) == (70, 6)
    chosen = sweep.cross_validation(4, purge=0, embargo=1, pick="plateau", symbol="AAPL")
    options = {"purge": 0, "embargo": 1, "pick": "plateau", "symbol": "AAPL", "stretch": "train"}
    assert chosen.equals(sweep_judgement.cross_validation(children, 4, **options))
    proof = sweep.train_against_test("train", ("dev", "test"), "calmar", pick="plateau")
    assert proof.equals(sweep_judgement.train_against_test(children, "train", ("dev", "test"), "calmar", "plateau"))


def test_the_heat_map_of_a_run(run):
    """By default the first two parameters and the main metric in the first stretch; each can be said."""
    drawn = run.sweep_figure().data[0]
    assert drawn["z"].shape == (4, 2)
    assert (drawn["z"] == run.sweep.grid("sharpe", "fast_period", "slow_period").values).all()
    other = run.sweep_figure("calmar", "slow_period", stretch="test", symbol="IBM").data[0]
    grid = run.sweep.grid("calmar", "slow_period", "fast_period", "IBM", "test")
    assert (other["z"] == grid.values).all()
    assert run.sweep_figure(x="slow_period", y="stretch").data[0]["z"].shape == (3, 4)


def test_how_a_sweep_is_looked_at_unless_said(run):
    """A parameter that is up is not across too, and of one parameter the symbols are up."""
    assert look_at(run.sweep, y="fast_period").x == "slow_period"
    assert look_at(run.sweep, x="slow_period").y == "fast_period"
    assert look_at(run.sweep).pick is None


def test_a_sweep_of_one_parameter_has_the_symbols_up(ws, request_):
    """There is a heat map all the same; the one parameter on both axes is refused."""
    one = request_.model_copy(update={"parameters": {"slow_period": [50, 100]}, "stretches": ()})
    run = ws.sweep(one).result()
    assert run.sweep_figure().data[0]["z"].shape == (2, 2)
    with pytest.raises(bs.errors.InvalidParameterError, match="both axes"):
        run.sweep_figure(y="slow_period")


def test_the_other_figures_of_a_run(ws, run):
    """Parallel coordinates, and the accounts of the best, the median and the worst."""
    assert len(run.parallel_figure("total_return", stretch="dev").data) > 2
    accounts = ws.sweeps.equity_figure(run.run_id, stretch="test", symbol="IBM")
    named = [trace["name"] for trace in accounts.data if str(trace["name"]).startswith(("Best", "Median", "Worst"))]
    assert len(named) == 3
    best = run.sweep.params_of(run.sweep.best("sharpe", "test", "IBM"))
    assert f"fast_period {best['fast_period']}, slow_period {best['slow_period']}" in named[0]


def test_figures_of_what_is_no_sweep_are_refused(ws):
    """The run is named."""
    request = bs.BacktestRequest(strategy="BuyAndHold", symbols=["IBM"], rtype=35, publisher_id=1)
    held = ws.backtest(request).result()
    with pytest.raises(bs.errors.InvalidParameterError, match="is no sweep"):
        held.sweep_figure()


def test_a_child_is_played_once(ws, run):
    """Opened again, a child is the run that was recorded before; another combination is another run."""
    first = ws.sweeps.open_child(run.run_id, 1, "AAPL").result(30)
    assert ws.sweeps.open_child(run.run_id, 1, "AAPL").result(30).run_id == first.run_id
    assert ws.sweeps.open_child(run.run_id, 2, "AAPL").result(30).run_id != first.run_id
    assert first.config["strategies"][0]["params"]["slow_period"] == run.sweep.params_of(1)["slow_period"]

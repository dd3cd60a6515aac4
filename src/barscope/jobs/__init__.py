"""Background work, ignorant of markets.

Three concepts: a `Job` is a handle to work in the background, a `JobSnapshot` is its frozen state at one
moment, and a `JobRunner` hands work to an executor. The work itself is a function of a `JobContext`, through
which it reports its stage and progress and learns that it was cancelled.
"""

from barscope.jobs.context import JobContext, Stage
from barscope.jobs.executor import InlineExecutor
from barscope.jobs.job import Job
from barscope.jobs.runner import JobRunner
from barscope.jobs.snapshot import JobSnapshot, JobStatus

__all__ = ["InlineExecutor", "Job", "JobContext", "JobRunner", "JobSnapshot", "JobStatus", "Stage"]

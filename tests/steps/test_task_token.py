"""A task token opens an evacuation: whoever searches the whole world for it finds it in one place only."""

from controller.core.journal.kind import Kind
from tests.support.approval_request import asked, question, yes
from tests.support.task_tokens import everything, tokens
from tests.support.world import stop


def test_the_token_is_in_no_journal_table_page_log_output_or_history_but_where_aws_puts_it() -> None:
    w, request = asked()
    stop(w)
    assert w.until(w.has(Kind.HANDED_OVER), 90)
    assert w.until(lambda: question(w) != request, 30)
    w.advance(2)
    waiting = w.hand.approvals.get(question(w))
    assert waiting is not None
    yes(w, question(w))
    assert w.until(w.has(Kind.SETTLED), 120)
    found = tokens(w)
    assert waiting.token in found
    assert len(found) == 2
    for where, text in everything(w).items():
        assert len(text) > 1, where
        assert not any(token in text for token in found), where

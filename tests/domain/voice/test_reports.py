"""What customers said, reported: of a show, a product, a week; on paper nothing that somebody wrote is markup."""

from datetime import timedelta
from io import BytesIO

from docx import Document
from sqlmodel import select
from voices import Voices

from domain.voice.papers import Paper, Part, Table, docx, markdown
from domain.voice.reports import paper_of, report, tell_week, week_before
from domain.voice.tables import Task
from domain.voice.topics import Scope


def test_a_show_is_reported_and_the_week_told_to_whoever_answers_for_the_product(voices: Voices) -> None:
    voices.show("s1", 15, 45)
    now = voices.clock.now()
    said = {"stream_id": "s1", "text": "酸菜鱼能不能出个小份的"}
    voices.tell([("stream.commented", now, said, 500), ("stream.commented", now, {**said, "text": "几天能到？"}, 501)])
    voices.activities.read_comments()
    with voices.db() as session:
        found = report(session, Scope(stream_id="s1"))
        paper = paper_of(session, found)
        other = report(session, Scope(sku="rice", since=now - timedelta(days=1)))
        of_lin, of_nobody = (report(session, Scope(stream_id="s1"), manager=name) for name in ("lin", "wang"))
    assert (found.comments, found.speakers, len(found.alerts)) == (62, 62, 1)
    assert found.kinds["question"] == len(found.questions) == 1
    assert (other.comments, other.topics) == (0, [])
    assert (of_lin.comments, of_nobody.comments) == (61, 0)
    headings = [part.heading for part in paper.parts]
    assert headings == ["突然增多的抱怨", "差评", "希望", "好评", "问得最多的"]
    assert "酸菜鱼没味道" in markdown(paper)
    with voices.db.begin() as work:
        tell_week(work, now)
        assert tell_week(work, now) == 1
    weekly = [notice for notice in voices.told if "客户声音" in notice.text]
    assert [(notice.to, "口味偏淡" in notice.text) for notice in weekly] == [("lin", True)] * 2
    with voices.db() as session:
        assert [task.owner for task in session.exec(select(Task)) if task.key.startswith("weekly/")] == ["lin"]
        assert report(session, week_before(now + timedelta(days=8))).comments == 0


def test_what_was_written_stays_text_on_paper() -> None:
    said = "**免费**|<script>\x00\n# 标题"
    paper = Paper("报告", said, [Part("差评", [said], [said], Table(["话", "人"], [[said, "3"]]))])
    assert "\\*\\*免费\\*\\*\\|\\<script\\>\x00 \\# 标题" in markdown(paper)
    document = Document(BytesIO(docx(paper)))
    words, number = document.tables[0].rows[1].cells
    assert words.text == "**免费**|<script>\n# 标题"
    assert (words.width or 0) > 3 * (number.width or 0)
    assert [each.text for each in document.paragraphs][:3] == ["报告", "**免费**|<script>\n# 标题", "差评"]

"""Topics gather what is said in different words; an alert is raised when more say it than usual, and once a day."""

from datetime import timedelta

import pytest
from scipy.stats import fisher_exact
from sqlmodel import select
from voices import BLAND, Voices

import activities.voice
from domain.voice.tables import Task
from domain.voice.topics import Scope, Share, chance_of, topics


def test_what_says_the_same_is_one_topic_and_is_told_to_the_manager_once(voices: Voices) -> None:
    voices.tell([("order.paid", voices.clock.now(), {"order_id": "1", "total": 1, "items": [{"sku": "fish"}]}, 3)])
    (bland, *_) = voices.show("s1", 15, 45)
    assert (bland.title, bland.count, bland.buyers, bland.rises) == ("口味偏淡", Share(15, 60), 1, True)
    assert set(bland.quotes) == set(BLAND)
    assert voices.alerts() == [("fish", "口味偏淡", 15, 60)]
    voices.show("s1", 20, 5, first=100)
    assert len(voices.alerts()) == 1
    assert [notice.to for notice in voices.told] == ["lin"]
    with voices.db() as session:
        (task,) = session.exec(select(Task)).all()
    assert (task.department, task.owner, task.stream_id) == ("product", "lin", "s1")
    voices.clock.set(voices.clock.now() + timedelta(days=1))
    voices.show("s2", 0, 20, first=200)
    assert len(voices.alerts()) == 1


def test_a_worker_that_dies_between_reading_and_alarming_reads_again_and_alarms(
    voices: Voices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(activities.voice.alerts, "look", die)
        with pytest.raises(SystemExit):
            voices.show("s1", 15, 45)
    voices.activities.read_comments()
    assert voices.alerts() == [("fish", "口味偏淡", 15, 60)]
    assert [notice.to for notice in voices.told] == ["lin"]


@pytest.mark.parametrize(("bland", "fine"), [(3, 3), (7, 0), (8, 400)])
def test_a_few_complaints_are_no_alarm(voices: Voices, bland: int, fine: int) -> None:
    voices.show("s1", bland, fine)
    assert voices.alerts() == []


def test_what_was_always_said_does_not_rise_and_one_person_counts_once(voices: Voices) -> None:
    for number in range(5):
        voices.show(f"past{number}", 10, 40, voices.clock.now() - timedelta(days=10 - number))
    (bland, *_) = [each for each in voices.show("s1", 14, 46) if each.title == "口味偏淡"]
    assert bland.usual == Share(50, 250)
    assert not bland.rises
    said = [{"stream_id": "s2", "text": f"酸菜鱼太淡了{n}"} for n in range(200)]
    voices.tell([("stream.commented", voices.clock.now(), each, 1) for each in said])
    voices.activities.read_comments()
    with voices.db() as session:
        (one,) = topics(session, Scope(stream_id="s2"))
    assert (one.count, one.comments) == (Share(1, 1), 200)
    assert voices.alerts() == []


def test_what_is_told_days_late_alarms_nobody(voices: Voices) -> None:
    (bland, *_) = voices.show("s1", 15, 45, voices.clock.now() - timedelta(days=2))
    assert bland.rises
    assert voices.alerts() == []


def test_the_chance_is_fishers() -> None:
    for now, before in ((Share(8, 60), Share(2, 200)), (Share(0, 5), Share(1, 9)), (Share(40, 41), Share(3, 400))):
        table = [[now.said, now.of - now.said], [before.said, before.of - before.said]]
        assert chance_of(now, before) == pytest.approx(fisher_exact(table, alternative="greater").pvalue, rel=1e-6)


def test_a_cluster_in_words_that_no_list_has_is_one_topic_and_alarms(voices: Voices) -> None:
    duck = {"sku": "duck", "name": "盐焗鸭", "manager": "li"}
    voices.tell([("product.updated", voices.clock.now(), duck, None)])
    odd = ("盐焗鸭有股柴油味", "鸭子一股子机油味", "这鸭闻着像加油站", "盐焗鸭汽油味好重")
    fine = ("盐焗鸭很香", "鸭子肉嫩", "盐焗鸭分量足", "盐焗鸭怎么加热")
    texts = [*odd * 4, *fine * 20]
    data = [{"stream_id": "s1", "sku": "duck", "text": text} for text in texts]
    voices.tell([("stream.commented", voices.clock.now(), each, who) for who, each in enumerate(data)])
    voices.activities.read_comments()
    assert [(sku, count, of) for sku, _, count, of in voices.alerts()] == [("duck", 16, 96)]


def test_a_name_is_no_complaint(voices: Voices) -> None:
    mango = {"sku": "mango", "name": "贵妃芒", "manager": "li"}
    voices.tell([("product.updated", voices.clock.now(), mango, None)])
    said = [{"stream_id": "s1", "text": text} for text in ("贵妃芒是真的酸", "贵妃芒，" + "太酸了" * 700)]
    voices.tell([("stream.commented", voices.clock.now(), each, who) for who, each in enumerate(said)])
    voices.activities.read_comments()
    with voices.db() as session:
        (sour,) = topics(session, Scope(stream_id="s1"))
    assert (sour.key.aspect, sour.title, sour.count.said) == ("taste", "口味偏酸", 2)
    assert max(map(len, sour.quotes)) < 100

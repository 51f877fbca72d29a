import { Link } from "@tanstack/react-router";
import { Button, Card, Flex, Skeleton, Table, Tag } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Figures } from "@/parts/Figures";
import { save, tableOf } from "@/parts/picture";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { useLanguage } from "@/parts/words";
import { chanceWords, type Comparison, inPoints, isFair, known, marksOf, money, rowsOf, signed } from "./figures";
import { Intervals } from "./Intervals";
import { useWords } from "./words";

type Group = Schema["ComparedGroup"];

/** A split: the verdict and the numbers first, then how they came about. */
export function Experiment({ summary }: { summary: Schema["ExperimentSummary"] }) {
  const words = useWords();
  const lang = useLanguage();
  const { journey, step } = summary;
  const path = { name: journey, step };
  const { data, error, refetch } = api.useQuery("get", "/v1/journeys/{name}/experiments/{step}", {
    params: { path, query: { lang } },
  });
  const nameOf = (group: string) => words.groups[group] ?? group;
  return (
    <Card size="small" role="region" aria-label={`${summary.title} ${words.step(step)}`}>
      <Flex vertical gap={16}>
        <Flex gap={8} wrap align="baseline">
          <h2 style={{ fontSize: 16, margin: 0 }}>{summary.title}</h2>
          <span>{words.step(step)}</span>
          <Tag>{summary.closed ? words.closed : words.running}</Tag>
          {data && <Quiet small>{words.asOf(instant(data.as_of))}</Quiet>}
          <Link to="/journeys/$name" params={{ name: journey }} style={{ marginInlineStart: "auto" }}>
            {words.journey}
          </Link>
        </Flex>
        {error !== null && <Failure error={error} retry={() => void refetch()} />}
        {error === null && !data && <Skeleton active />}
        {data?.comparisons.map((each) => (
          <Flex vertical gap={10} key={each.group}>
            <strong style={{ fontSize: 15 }}>
              {words.of(nameOf(each.group))}
              {words.verdicts[each.verdict] ?? each.verdict}
              {each.doubt !== null && words.because(words.doubts[each.doubt] ?? each.doubt)}
            </strong>
            <Numbers comparison={each} chance={data.chance_of_sizes} />
          </Flex>
        ))}
        {data && <Groups groups={data.groups} nameOf={nameOf} />}
        {data && <Days summary={summary} comparisons={data.comparisons} nameOf={nameOf} />}
      </Flex>
    </Card>
  );
}

function Numbers({ comparison, chance }: { comparison: Comparison; chance: number }) {
  const words = useWords();
  const [goal, rates, revenue] = [known(comparison.goal), known(comparison.rates), known(comparison.revenue)];
  const missing = comparison.more_customers;
  const days = comparison.more_days;
  const open = comparison.verdict === "keep going" || comparison.doubt !== null;
  const needed = missing === null ? (open ? words.unplanned : words.enough) : words.people(count(missing));
  return (
    <Figures
      items={[
        [
          words.lift,
          goal ? signed(goal.estimate) : words.unsaid,
          goal && words.interval(signed(goal.low), signed(goal.high)),
        ],
        [
          words.apart,
          rates ? words.points(inPoints(rates.estimate)) : words.unsaid,
          rates && words.interval(inPoints(rates.low), inPoints(rates.high)),
        ],
        [
          words.money,
          revenue ? money(revenue.estimate) : words.unsaid,
          revenue && words.interval(money(revenue.low), money(revenue.high)),
        ],
        [words.missing, needed, days === null ? undefined : words.days(count(days))],
        [words.sizes, isFair(chance) ? words.fair : words.unfair, words.byChance(chanceWords(chance))],
      ]}
    />
  );
}

function Groups({ groups, nameOf }: { groups: Group[]; nameOf: (group: string) => string }) {
  const words = useWords();
  return (
    <div tabIndex={0} role="region" aria-label={words.group} style={{ overflowX: "auto" }}>
      <Table<Group>
        rowKey="name"
        size="small"
        pagination={false}
        style={{ minWidth: 520 }}
        dataSource={groups}
        columns={[
          { title: words.group, key: "name", render: (_, row) => nameOf(row.name) },
          { title: words.counted, key: "n", align: "right", render: (_, row) => count(row.customers) },
          { title: words.stillOpen, key: "open", align: "right", render: (_, row) => count(row.still_open) },
          { title: words.reached, key: "reached", align: "right", render: (_, row) => count(row.reached) },
          {
            title: words.rate,
            key: "rate",
            align: "right",
            render: (_, row) => (row.customers ? `${((row.reached / row.customers) * 100).toFixed(1)}%` : "–"),
          },
          {
            title: words.revenue,
            key: "revenue",
            align: "right",
            render: (_, row) => (row.customers ? `¥${(row.revenue / 100).toFixed(2)}` : "–"),
          },
        ]}
      />
    </div>
  );
}

interface OverTime {
  summary: Schema["ExperimentSummary"];
  comparisons: Comparison[];
  nameOf: (group: string) => string;
}

function Days({ summary, comparisons, nameOf }: OverTime) {
  const words = useWords();
  const { journey, step } = summary;
  const { data, error } = api.useQuery("get", "/v1/journeys/{name}/experiments/{step}/history", {
    params: { path: { name: journey, step } },
  });
  if (error !== null) return <Failure error={error} />;
  if (!data) return <Skeleton active paragraph={{ rows: 2 }} title={false} />;
  if (data.length === 0) return <Quiet>{words.noLooks}</Quiet>;
  return comparisons.map(({ group, control }) => {
    const marks = marksOf(data, group);
    const title = words.over_time(nameOf(group), nameOf(control));
    const last = marks.at(-1)?.value ?? null;
    const about = `${summary.title} · ${words.step(step)} · ${last === null ? words.unsaid : signed(last)}`;
    return (
      <section key={group}>
        <h3 style={{ fontSize: 14, margin: "0 0 6px" }}>{title}</h3>
        {marks.length === 0 ? (
          <Quiet>{words.unsaid}</Quiet>
        ) : (
          <Intervals
            marks={marks}
            label={words.chart(nameOf(group), marks.length, last === null ? words.unsaid : signed(last))}
          />
        )}
        <Flex gap={8} wrap style={{ marginTop: 8 }}>
          <Button
            size="small"
            href={tableOf(rowsOf(data, [words.day, words.group, words.lift, words.low, words.high]))}
            download={`${journey}-${step}.csv`}
          >
            {words.csv}
          </Button>
          {marks.length > 0 && (
            <Button
              size="small"
              onClick={() => {
                save({ title, about, marks, worded: signed, form: "intervals" }, `${journey}-${step}-${group}.png`);
              }}
            >
              {words.png}
            </Button>
          )}
        </Flex>
      </section>
    );
  });
}

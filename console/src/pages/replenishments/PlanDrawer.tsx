import { Alert, Button, Drawer, Flex, Grid, Skeleton, Table, type TableColumnsType } from "antd";
import { type ReactNode, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Figures } from "@/parts/Figures";
import { ForecastDrawer } from "@/parts/ForecastDrawer";
import { useMay } from "@/parts/me";
import { yuan } from "@/parts/money";
import { Quiet } from "@/parts/Quiet";
import { count, instant } from "@/parts/time";
import { DecidePlan, type Verdict } from "./DecidePlan";
import { costOf, exceptionsOf, UNDECIDED, unitsOf } from "./figures";
import { useSupplyWords } from "./supplyWords";

type Plan = Schema["Plan"];
type Line = Schema["PlanLine"];
const round = (value: number): string => count(Math.round(value * 10) / 10);

/** A delivery: what is proposed and why, what was answered, ordered and shipped, what came, and what differed. */
export function PlanDrawer({ id, names, onClose }: { id: number; names: Record<string, string>; onClose: () => void }) {
  const words = useSupplyWords();
  const may = useMay();
  const wide = Grid.useBreakpoint().md ?? true;
  const [verdict, setVerdict] = useState<Verdict>();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/supply/plans/{id}",
    { params: { path: { id } } },
    { refetchInterval: 10_000 },
  );
  const title = data ? words.planOf(names[data.supplier] ?? data.supplier, data.on) : "";
  return (
    <Drawer open size={wide ? 860 : "100%"} title={title} onClose={onClose}>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && (
        <Flex vertical gap={24}>
          {UNDECIDED.has(data.status) && (
            <Alert
              type="warning"
              showIcon
              title={[words.statuses[data.status], ...exceptionsOf(data, words)].join("；")}
              description={
                may("replenishments.decide") && (
                  <Flex gap={8} wrap style={{ marginTop: 8 }}>
                    {(["accept", "change", "refuse"] as const).map((each) => (
                      <Button
                        key={each}
                        type={each === "accept" ? "primary" : "default"}
                        onClick={() => {
                          setVerdict(each);
                        }}
                      >
                        {words[each]}
                      </Button>
                    ))}
                  </Flex>
                )
              }
            />
          )}
          <Head plan={data} />
          <Lines plan={data} />
          <Answer plan={data} />
          {data.shipped && <Shipped plan={data} shipped={data.shipped} />}
          {data.notes.length > 0 && (
            <Part title={words.notes}>
              <ul style={{ margin: 0, paddingInlineStart: 20 }}>
                {data.notes.map((note) => (
                  <li key={`${note.at} ${note.what} ${note.detail}`}>
                    {words.what[note.what] ?? note.what} <bdi>{note.detail}</bdi>{" "}
                    <Quiet small>{instant(note.at)}</Quiet>
                  </li>
                ))}
              </ul>
            </Part>
          )}
        </Flex>
      )}
      {data && verdict && (
        <DecidePlan
          plan={data}
          verdict={verdict}
          onClose={() => {
            setVerdict(undefined);
          }}
        />
      )}
    </Drawer>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h3 style={{ fontSize: 15, margin: "0 0 8px" }}>{title}</h3>
      {children}
    </section>
  );
}

function Head({ plan }: { plan: Plan }) {
  const words = useSupplyWords();
  const cost = costOf(plan);
  const items: [string, string][] = [
    [words.status, words.statuses[plan.status] ?? plan.status],
    [words.promised, plan.promised_on ?? plan.on],
    [words.units, count(unitsOf(plan))],
    ...(cost === null ? [] : ([[words.cost, `¥${yuan(cost)}`]] as [string, string][])),
    ...(plan.reference ? ([[words.reference, plan.reference]] as [string, string][]) : []),
  ];
  return <Figures items={items} />;
}

function Lines({ plan }: { plan: Plan }) {
  const words = useSupplyWords();
  const wide = Grid.useBreakpoint().md ?? true;
  const [shown, setShown] = useState<string>();
  const because = (line: Line) =>
    [
      words.because[line.because] ?? line.because,
      words.figures(
        round(line.usable),
        round(line.target),
        round(line.safety),
        line.days_left === null ? null : words.lasts(line.days_left, round(line.days_left)),
      ),
      line.lots.length > 0 && words.shelf(line.lots.map((lot) => words.lots(count(lot.units), lot.days)).join("、")),
      line.sold !== null && line.sold > 0 && words.sold(count(line.sold)),
      line.week.length > 0 && words.week(count(Math.round(line.week.reduce((sum, day) => sum + day.median, 0)))),
      line.ceiling !== null && words.ceiling(round(line.ceiling)),
      line.pack !== 1 && words.pack(count(line.pack)),
      line.price !== null && words.price(yuan(line.price)),
      words.of[line.of],
    ]
      .filter(Boolean)
      .join(" · ");
  const units = (title: string, key: string, of: (line: Line) => number | undefined) => ({
    title,
    key,
    width: wide ? 80 : 60,
    align: "right" as const,
    render: (_: unknown, line: Line) => {
      const value = of(line);
      return value === undefined ? <Quiet>–</Quiet> : count(value);
    },
  });
  const isOrdered = Object.keys(plan.ordered).length > 0;
  const columns: TableColumnsType<Line> = [
    {
      title: words.product,
      key: "product",
      render: (_, line) => (
        <>
          <Button
            type="link"
            size="small"
            style={{ padding: 0, height: "auto", whiteSpace: "normal", textAlign: "start" }}
            onClick={() => {
              setShown(line.sku);
            }}
          >
            <bdi>{plan.names[line.sku] ?? line.sku}</bdi>
          </Button>
          <div>
            <Quiet small>{because(line)}</Quiet>
          </div>
        </>
      ),
    },
    units(words.proposed, "proposed", (line) => line.quantity),
    ...(plan.answer ? [units(words.offered, "offered", (line) => plan.answer?.lines[line.sku])] : []),
    ...(isOrdered ? [units(words.ordered, "ordered", (line) => plan.ordered[line.sku] ?? 0)] : []),
    ...(isOrdered ? [units(words.came, "came", (line) => plan.received[line.sku]?.quantity)] : []),
  ];
  return (
    <>
      <Table rowKey="sku" size="small" columns={columns} dataSource={plan.lines} pagination={false} />
      {shown !== undefined && (
        <ForecastDrawer
          sku={shown}
          onClose={() => {
            setShown(undefined);
          }}
        />
      )}
    </>
  );
}

function Answer({ plan }: { plan: Plan }) {
  const words = useSupplyWords();
  const { answer } = plan;
  return (
    <Part title={words.answer}>
      {answer ? (
        <>
          {words.verdicts[answer.verdict] ?? answer.verdict}
          {answer.reason && (
            <>
              {" · "}
              <bdi>{answer.reason}</bdi>
            </>
          )}{" "}
          <Quiet small>
            {instant(answer.at)}
            {answer.late && ` · ${words.late}`}
          </Quiet>
        </>
      ) : (
        <Quiet>{words.noAnswer}</Quiet>
      )}
      {plan.decided_by && (
        <div>
          {words.decidedBy} <bdi>{plan.decided_by.replace(/^user /, "").replace(/^key /, words.key)}</bdi>
        </div>
      )}
    </Part>
  );
}

function Shipped({ plan, shipped }: { plan: Plan; shipped: Schema["ShippingNotice"] }) {
  const words = useSupplyWords();
  return (
    <Part title={words.shipped}>
      {shipped.arrives_on && words.arrives(shipped.arrives_on)} <Quiet small>{instant(shipped.at)}</Quiet>
      <ul style={{ margin: "4px 0 0", paddingInlineStart: 20 }}>
        {shipped.items.map((item) => (
          <li key={`${item.sku} ${item.lot_id ?? ""}`}>
            <bdi>{plan.names[item.sku] ?? item.sku}</bdi> {count(item.quantity)}{" "}
            {item.lot_id && <Quiet small>{words.lot(item.lot_id)}</Quiet>}
          </li>
        ))}
      </ul>
    </Part>
  );
}

import { Flex, Table, type TableColumnsType, theme } from "antd";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Quiet } from "@/parts/Quiet";
import { count } from "@/parts/time";
import { useWords } from "./words";

type Product = Schema["ForetoldProduct"];
const whole = (value: number): string => count(Math.round(value));

/** What a show will sell, product by product, with how sure that is and what it stands on. */
export function ShowForecast({ id }: { id: string }) {
  const words = useWords();
  const { data, error, refetch } = api.useQuery(
    "get",
    "/v1/streams/{id}/forecast",
    { params: { path: { id } } },
    { refetchInterval: 60_000 }, // it goes by what was sold so far, too
  );
  if (error !== null && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data || data.products.length === 0) return null;
  const most = Math.max(...data.products.map((each) => each.quantiles["0.9"] ?? 0), 1);
  const columns: TableColumnsType<Product> = [
    {
      title: words.product,
      key: "product",
      render: (_, row) => (
        <>
          <bdi>{row.name ?? row.sku}</bdi>
          <div>
            <Quiet small>{basisOf(row, words)}</Quiet>
          </div>
        </>
      ),
    },
    {
      title: words.foretold,
      key: "expected",
      align: "right",
      width: 80,
      render: (_, row) => (row.expected === null ? <Quiet>–</Quiet> : whole(row.expected)),
    },
    {
      title: words.band,
      key: "band",
      width: 240,
      responsive: ["md"],
      render: (_, row) => <Band row={row} most={most} />,
    },
    {
      title: words.left,
      key: "left",
      align: "right",
      width: 80,
      render: (_, row) => (row.left === null ? <Quiet>{words.unknownLeft}</Quiet> : count(row.left)),
    },
  ];
  return (
    <section aria-label={words.forecast}>
      <Flex vertical gap={8}>
        <h2 style={{ fontSize: 16, margin: 0 }}>{words.forecast}</h2>
        <Quiet>{words.forecastAbout(count(data.shows), whole(data.minutes))}</Quiet>
        <Table rowKey="sku" columns={columns} dataSource={data.products} pagination={{ hideOnSinglePage: true }} />
      </Flex>
    </section>
  );
}

function basisOf({ basis }: Product, words: ReturnType<typeof useWords>): string {
  const on = {
    product: words.onProduct(count(basis.shows)),
    category: words.onCategory(basis.category ?? "", count(basis.of_category)),
    shows: words.onShows,
    nothing: words.onNothing,
  }[basis.of];
  return basis.updated ? `${on} · ${words.updated}` : on;
}

/** From the quantile 0.1 to 0.9, with the median. */
function Band({ row, most }: { row: Product; most: number }) {
  const words = useWords();
  const { token } = theme.useToken();
  const [low, middle, high] = ["0.1", "0.5", "0.9"].map((quantile) => row.quantiles[quantile] ?? 0);
  if (row.expected === null || low === undefined || middle === undefined || high === undefined) return null;
  const x = (units: number) => 4 + (units / most) * 112;
  return (
    <Flex gap={8} align="center">
      <svg role="img" aria-label={words.between(whole(low), whole(high))} width={120} height={16}>
        <rect
          x={x(low)}
          y={4}
          width={Math.max(2, x(high) - x(low))}
          height={8}
          rx={2}
          fill={token.colorPrimaryBorder}
        />
        <rect x={x(middle) - 1} y={2} width={2} height={12} fill={token.colorPrimary} />
      </svg>
      <Quiet small>
        {whole(low)}–{whole(high)}
      </Quiet>
    </Flex>
  );
}

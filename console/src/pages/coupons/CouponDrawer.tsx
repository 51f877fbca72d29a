import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Alert, Button, Descriptions, Drawer, Flex, Grid, Modal, Skeleton, Timeline } from "antd";
import { useState } from "react";
import { api } from "@/api/client";
import { isStatus } from "@/api/problem";
import { CouponStatus } from "@/parts/CouponStatus";
import { Failure } from "@/parts/Failure";
import { useMay } from "@/parts/me";
import { yuan } from "@/parts/money";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useWords } from "./words";

/** One coupon: whose it is, what it is worth, what became of it. */
export function CouponDrawer({ code, onClose }: { code: string; onClose: () => void }) {
  const words = useWords();
  const may = useMay();
  const wide = Grid.useBreakpoint().md ?? true;
  const [asking, setAsking] = useState(false);
  const { data, error, refetch } = api.useQuery("get", "/v1/coupons/{code}/life", { params: { path: { code } } });
  const missing = isStatus(error, 404);
  return (
    <Drawer
      open
      size={wide ? 480 : "100%"}
      title={
        <Flex gap={12} align="center">
          <bdi style={{ fontVariantNumeric: "tabular-nums" }}>{data?.code ?? code}</bdi>
          {data && <CouponStatus status={data.status} />}
        </Flex>
      }
      extra={
        data?.status === "issued" &&
        may("coupons.revoke") && (
          <Button
            danger
            onClick={() => {
              setAsking(true);
            }}
          >
            {words.revoke}
          </Button>
        )
      }
      onClose={onClose}
    >
      {missing && <Alert type="info" showIcon title={words.lost} description={words.lostAbout(code)} />}
      {error !== null && !missing && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && (
        <Flex vertical gap={24}>
          <Descriptions
            column={1}
            size="small"
            items={[
              {
                key: "campaign",
                label: words.campaign,
                children: (
                  <Link to="/coupons/$name" params={{ name: data.campaign }}>
                    <bdi>{data.terms.name}</bdi>
                  </Link>
                ),
              },
              {
                key: "offer",
                label: words.offer,
                children: `${words.off(data.terms)} · ${words.goods(data.terms)}`,
              },
              {
                key: "customer",
                label: words.customer,
                children: (
                  <Link to="/customers/$id" params={{ id: String(data.customer) }}>
                    {words.customerNo(data.customer)}
                  </Link>
                ),
              },
              { key: "expires", label: words.expiresAt, children: instant(data.expires_at) },
              {
                key: "cost",
                label: words.cost,
                children: data.status === "redeemed" ? words.costWas(yuan(data.cost)) : words.costMost(yuan(data.cost)),
              },
              ...(data.order_id ? [{ key: "order", label: words.order, children: <bdi>{data.order_id}</bdi> }] : []),
            ]}
          />
          <section>
            <h3 style={{ fontSize: 15, fontWeight: 600, margin: "0 0 12px" }}>{words.life}</h3>
            <Timeline
              items={data.life.map((each) => ({
                content: (
                  <Flex gap={12} wrap>
                    <Quiet small>{instant(each.at)}</Quiet>
                    <span>{words.events[each.type] ?? each.type}</span>
                    {each.order_id && <Quiet>{words.forOrder(each.order_id)}</Quiet>}
                  </Flex>
                ),
              }))}
            />
          </section>
        </Flex>
      )}
      {asking && data && (
        <Revoke
          code={data.code}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </Drawer>
  );
}

function Revoke({ code, onClose }: { code: string; onClose: () => void }) {
  const words = useWords();
  const queries = useQueryClient();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/coupons/{code}/revoke");
  return (
    <Modal
      open
      width={420}
      title={words.revokeAsk(code)}
      okText={words.revoke}
      okButtonProps={{ danger: true }}
      cancelText={words.cancel}
      confirmLoading={isPending}
      onCancel={onClose}
      onOk={() => {
        mutate(
          { params: { path: { code } } },
          {
            onSuccess: () => {
              void queries.invalidateQueries();
              onClose();
            },
          },
        );
      }}
    >
      <p>{words.revokeAbout}</p>
      {error !== null && <Failure error={error} />}
    </Modal>
  );
}

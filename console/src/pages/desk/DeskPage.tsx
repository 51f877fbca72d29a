import { CheckOutlined, CopyOutlined } from "@ant-design/icons";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Empty, Flex, Skeleton, Tag, theme } from "antd";
import { lazy, Suspense, useState } from "react";
import { api, type Schema } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { Page } from "@/parts/Page";
import { Quiet } from "@/parts/Quiet";
import { instant } from "@/parts/time";
import { useWords } from "./words";

const Doubt = lazy(() => import("./Doubt"));

/** A guide's tasks, what is due first; made for a thumb. */
export function DeskPage() {
  const words = useWords();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = api.useInfiniteQuery(
    "get",
    "/v1/desk/todos",
    {},
    {
      pageParamName: "after",
      initialPageParam: "",
      getNextPageParam: (page) => page.next ?? undefined,
      refetchInterval: 30_000,
    },
  );
  const todos = data?.pages.flatMap((page) => page.todos) ?? [];
  return (
    <Page title={words.title} {...(todos.length > 0 && { about: words.about(todos.length) })}>
      {error !== null && !data && <Failure error={error} retry={() => void refetch()} />}
      {error === null && !data && <Skeleton active paragraph={{ rows: 8 }} title={false} />}
      {data && todos.length === 0 && (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={words.none}>
          <Quiet>{words.noneAbout}</Quiet>
        </Empty>
      )}
      <ul style={{ margin: 0, padding: 0, listStyle: "none", maxWidth: 640 }}>
        {todos.map((todo) => (
          <Task key={todo.id} todo={todo} />
        ))}
      </ul>
      {hasNextPage && (
        <Button size="large" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {words.more}
        </Button>
      )}
    </Page>
  );
}

function Task({ todo }: { todo: Schema["DeskTodo"] }) {
  const words = useWords();
  const { token } = theme.useToken();
  const queries = useQueryClient();
  const [copied, setCopied] = useState(false);
  const [doubted, setDoubted] = useState(false);
  const finish = api.useMutation("post", "/v1/desk/todos/{id}/finish");
  const later = api.useMutation("post", "/v1/desk/todos/{id}/later");
  const params = { path: { id: todo.id } };
  const done = {
    onSuccess: () => {
      setDoubted(false);
      void queries.invalidateQueries();
    },
  };
  const error = finish.error ?? later.error;
  return (
    <li style={{ padding: "14px 0", borderBottom: `1px solid ${token.colorBorderSecondary}` }}>
      <Flex vertical gap={8}>
        <Flex justify="space-between" align="center" gap={8}>
          <Link
            to="/desk/customers/$id"
            params={{ id: String(todo.customer) }}
            style={{ fontWeight: 600, fontSize: 16 }}
          >
            <bdi>{todo.name ?? words.customer(todo.customer)}</bdi>
          </Link>
          <Flex gap={8} align="center">
            {todo.overdue && (
              <Tag variant="filled" color="error" style={{ margin: 0 }}>
                {words.overdue}
              </Tag>
            )}
            <Quiet small>{words.due(instant(todo.due_at))}</Quiet>
          </Flex>
        </Flex>
        <div>{todo.text}</div>
        <Quiet small>{words.from(todo.title)}</Quiet>
        <Flex
          gap={8}
          align="center"
          justify="space-between"
          style={{ background: token.colorBgLayout, borderRadius: token.borderRadius, padding: "8px 12px" }}
        >
          <div>
            <Quiet small>{words.opening}</Quiet>
            <div>
              <bdi>{todo.greeting}</bdi>
            </div>
          </div>
          <Button
            type="text"
            icon={copied ? <CheckOutlined /> : <CopyOutlined />}
            onClick={() => {
              void navigator.clipboard.writeText(todo.greeting).then(() => {
                setCopied(true);
              });
            }}
          >
            {copied ? words.copied : words.copy}
          </Button>
        </Flex>
        <Flex gap={8}>
          <Button
            size="large"
            type="primary"
            style={{ flex: 2 }}
            loading={finish.isPending}
            onClick={() => {
              finish.mutate({ params, body: { outcome: "done" } }, done);
            }}
          >
            {words.done}
          </Button>
          <Button
            size="large"
            style={{ flex: 1.4 }}
            loading={later.isPending}
            onClick={() => {
              later.mutate({ params }, done);
            }}
          >
            {words.later}
          </Button>
          <Button
            size="large"
            style={{ flex: 1 }}
            onClick={() => {
              setDoubted(true);
            }}
          >
            {words.wrong}
          </Button>
        </Flex>
        {error !== null && <Failure error={error} />}
      </Flex>
      {doubted && (
        <Suspense>
          <Doubt
            onClose={() => {
              setDoubted(false);
            }}
            onWrong={() => {
              finish.mutate({ params, body: { outcome: "wrong" } }, done);
            }}
          />
        </Suspense>
      )}
    </li>
  );
}

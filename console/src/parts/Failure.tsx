import { Alert, Button } from "antd";
import { ApiProblem } from "@/api/problem";
import { makeWords } from "./words";

const useWords = makeWords({
  zh: {
    again: "重试",
    forbidden: "你没有查看这里的权限，请联系管理员。",
    missing: "这里什么也没有：可能已被删除，或者链接不完整。",
    broken: "服务出了问题。没有丢失任何内容，可以重试；一直这样，请告诉管理员。",
    lost: "服务暂时没有应答。没有丢失任何内容，恢复后会自动重新加载。",
    other: (title: string) => `没能加载：${title}。没有丢失任何内容，可以重试。`,
  },
  en: {
    again: "Try again",
    forbidden: "You may not see this; ask an admin.",
    missing: "There is nothing here: it was removed, or the link is incomplete.",
    broken: "Something went wrong on our side. Nothing is lost; try again, and tell an admin if it stays so.",
    lost: "The service doesn't answer now. Nothing is lost; this loads again when it is back.",
    other: (title: string) => `This couldn't be loaded: ${title}. Nothing is lost; try again.`,
  },
});

/** What is shown in place of what couldn't be loaded: what happened, whether anything was lost, what to do. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const words = useWords();
  const status = error instanceof ApiProblem ? error.status : undefined;
  const say =
    status === 403
      ? words.forbidden
      : status === 404
        ? words.missing
        : status === 0 || status === 503
          ? words.lost
          : status !== undefined && status >= 500
            ? words.broken
            : words.other(error instanceof Error ? error.message : String(error));
  return (
    <Alert
      type={status === 403 || status === 404 ? "info" : "warning"}
      showIcon
      title={say}
      action={
        retry && (
          <Button size="small" onClick={retry}>
            {words.again}
          </Button>
        )
      }
    />
  );
}

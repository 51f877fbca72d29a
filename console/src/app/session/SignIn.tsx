import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Flex, theme } from "antd";
// One by one: all kinds of inputs together are a tenth of what is loaded to sign in.
import Input from "antd/es/input/Input";
import { type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { ApiProblem, isProblem } from "@/api/problem";
import { sessionKey } from "./session";
import { useWords } from "../words";

export function SignIn() {
  const words = useWords();
  const queries = useQueryClient();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/session");
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [tried, setTried] = useState(false);
  const mutateNow = () => {
    mutate({ body: { login, password } }, { onSuccess: (me) => queries.setQueryData(sessionKey, me) });
  };
  const refused: unknown = error;
  const say = isProblem(refused, "wrong_password")
    ? words.wrong
    : refused instanceof ApiProblem && refused.status === 429
      ? words.wait(refused.retryAfter ?? 1)
      : refused === null
        ? null
        : words.failed;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (login.trim() && password) mutateNow();
      }}
    >
      <Flex vertical gap={16}>
        {say && <Alert type="warning" showIcon title={say} />}
        <Row label={words.login} wrong={tried && !login.trim() ? words.loginMissing : undefined}>
          <Input
            autoComplete="username"
            autoFocus
            size="large"
            disabled={isPending}
            aria-label={words.login}
            value={login}
            onChange={(event) => {
              setLogin(event.target.value);
            }}
          />
        </Row>
        <Row label={words.password} wrong={tried && !password ? words.passwordMissing : undefined}>
          <Input
            type="password"
            autoComplete="current-password"
            size="large"
            disabled={isPending}
            aria-label={words.password}
            value={password}
            onChange={(event) => {
              setPassword(event.target.value);
            }}
          />
        </Row>
        <Button type="primary" htmlType="submit" block size="large" loading={isPending}>
          {words.signIn}
        </Button>
      </Flex>
    </form>
  );
}

/** A field with its name; Ant Design's form would be a tenth of all that is loaded to sign in. */
function Row({ label, wrong, children }: { label: string; wrong: string | undefined; children: ReactNode }) {
  const { token } = theme.useToken();
  return (
    <div>
      <div aria-hidden style={{ marginBottom: 6 }}>
        {label}
      </div>
      {children}
      {wrong && (
        <div role="alert" style={{ color: token.colorError, marginTop: 4 }}>
          {wrong}
        </div>
      )}
    </div>
  );
}

import { useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Form, Input } from "antd";
import { api } from "@/api/client";
import { ApiProblem, isProblem } from "@/api/problem";
import { sessionKey } from "./session";
import { useWords } from "../words";

interface Credentials {
  login: string;
  password: string;
}

export function SignIn() {
  const words = useWords();
  const queries = useQueryClient();
  const { mutate, isPending, error } = api.useMutation("post", "/v1/session");
  const submit = (body: Credentials) => {
    mutate({ body }, { onSuccess: (me) => queries.setQueryData(sessionKey, me) });
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
    <Form<Credentials> layout="vertical" requiredMark={false} onFinish={submit} disabled={isPending}>
      {say && <Alert type="warning" showIcon title={say} style={{ marginBottom: 16 }} />}
      <Form.Item name="login" label={words.login} rules={[{ required: true, message: words.loginMissing }]}>
        <Input autoComplete="username" autoFocus size="large" />
      </Form.Item>
      <Form.Item name="password" label={words.password} rules={[{ required: true, message: words.passwordMissing }]}>
        <Input.Password autoComplete="current-password" size="large" />
      </Form.Item>
      <Button type="primary" htmlType="submit" block size="large" loading={isPending}>
        {words.signIn}
      </Button>
    </Form>
  );
}

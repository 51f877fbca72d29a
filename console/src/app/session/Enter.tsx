import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Alert, Flex, Spin } from "antd";
import { useEffect, useRef } from "react";
import { api } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { isProblem } from "@/api/problem";
import { sessionKey } from "./session";
import { useWords } from "../words";

/** Signs in by the secret after `#`, which no server's log ever sees, and takes it out of the address at once. */
export function Enter() {
  const words = useWords();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { mutate, error } = api.useMutation("post", "/v1/session/link");
  const used = useRef(false);
  useEffect(() => {
    if (used.current) return;
    used.current = true;
    const token = window.location.hash.slice(1);
    window.history.replaceState(null, "", window.location.pathname);
    mutate(
      { body: { token: token || "-" } },
      {
        onSuccess: (me) => {
          queries.setQueryData(sessionKey, me);
          void navigate({ to: "/", replace: true });
        },
      },
    );
  }, [mutate, navigate, queries]);
  return (
    <Flex vertical gap={16} align="center" justify="center" style={{ height: "100%", padding: 16 }}>
      {error === null && <Spin description={words.entering} />}
      {isProblem(error, "dead_link") && (
        <>
          <Alert type="warning" showIcon title={words.deadLink} description={words.deadLinkAbout} />
          <Link to="/">{words.toSignIn}</Link>
        </>
      )}
      {error !== null && !isProblem(error, "dead_link") && <Failure error={error} />}
    </Flex>
  );
}

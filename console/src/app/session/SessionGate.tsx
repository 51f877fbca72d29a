import { useQueryClient } from "@tanstack/react-query";
import { Flex, Spin } from "antd";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { keepCsrf, type Me, onSessionOver } from "@/api/client";
import { Failure } from "@/parts/Failure";
import { MeContext, useSession } from "@/parts/me";
import { sessionKey } from "./session";

const SignInPage = lazy(() => import("./SignInPage"));
const SignInAgain = lazy(() => import("./SignInAgain"));

/**
 * Shows the pages to whoever is signed in. When the session ends while a page is open, the page stays, with what was
 * typed, and one signs in over it; when somebody else has signed in meanwhile, in another tab, the page begins anew.
 */
export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const { data: me, error, refetch } = useSession();
  const [known, setKnown] = useState<Me>();
  useEffect(() => onSessionOver(() => void queries.invalidateQueries({ queryKey: sessionKey })), [queries]);
  useEffect(() => {
    keepCsrf(me ?? null);
  }, [me]);

  const isAnother = Boolean(me && known && me.id !== known.id);
  useEffect(() => {
    if (isAnother) window.location.reload();
  }, [isAnother]);
  if (me && me !== known && !isAnother) setKnown(me);

  if (known && !isAnother)
    return (
      <MeContext value={known}>
        {children}
        {me === null && (
          <Suspense>
            <SignInAgain />
          </Suspense>
        )}
      </MeContext>
    );
  if (error !== null)
    return (
      <div style={{ padding: 24 }}>
        <Failure error={error} retry={() => void refetch()} />
      </div>
    );
  const waiting = (
    <Flex align="center" justify="center" style={{ height: "100%" }}>
      <Spin />
    </Flex>
  );
  if (me !== null) return waiting;
  return (
    <Suspense fallback={waiting}>
      <SignInPage />
    </Suspense>
  );
}

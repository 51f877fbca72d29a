import { createContext, useContext } from "react";
import { api, type Me } from "@/api/client";

export type Permission = Me["permissions"][number];

export const useSession = () => api.useQuery("get", "/v1/session", {}, { staleTime: 60_000 });

export const MeContext = createContext<Me | null>(null);

/** Who is signed in, or was until a moment ago. */
export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error("nobody is signed in");
  return me;
}

export function useMay(): (permission: Permission) => boolean {
  const { permissions } = useMe();
  return (permission) => permissions.includes(permission);
}

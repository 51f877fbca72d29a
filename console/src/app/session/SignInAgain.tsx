import { Modal } from "antd";
import { api } from "@/api/client";
import { SignIn } from "./SignIn";
import { Ways } from "./Ways";
import { useWords } from "../words";
import { Quiet } from "@/parts/Quiet";

const LOOK = 3_000;

/** Over the page, which stays as it is. One may sign in in another tab, too, so it looks whether that happened. */
export default function SignInAgain() {
  const words = useWords();
  api.useQuery("get", "/v1/session", {}, { refetchInterval: LOOK, refetchOnWindowFocus: "always" });
  return (
    <Modal open title={words.over} footer={null} closable={false} mask={{ closable: false }} width={400}>
      <p>
        <Quiet>{words.overAbout}</Quiet>
      </p>
      <SignIn />
      <Ways beside />
    </Modal>
  );
}

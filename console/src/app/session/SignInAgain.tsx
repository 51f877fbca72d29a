import { Modal } from "antd";
import { SignIn } from "./SignIn";
import { Ways } from "./Ways";
import { useWords } from "../words";
import { Quiet } from "@/parts/Quiet";

/** Over the page, which stays as it is. */
export default function SignInAgain() {
  const words = useWords();
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

import { Modal } from "antd";
import { useWords } from "./words";

/** Asks before a task is said to be none. */
export default function Doubt({ onClose, onWrong }: { onClose: () => void; onWrong: () => void }) {
  const words = useWords();
  return (
    <Modal
      open
      width={420}
      title={words.wrongAsk}
      okText={words.wrong}
      cancelText={words.cancel}
      okButtonProps={{ danger: true }}
      onCancel={onClose}
      onOk={onWrong}
    >
      <p>{words.wrongAbout}</p>
    </Modal>
  );
}

export function Mark({ size }: { size: number }) {
  return <img src="/console/icon.svg" width={size} height={size} alt="" />;
}

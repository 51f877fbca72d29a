"""SQL of what metrics of goods count: lots, what is on hand, deliveries, and what was foretold of them."""

RECEIVED = (
    "(SELECT coalesce(sum(quantity), 0) FROM stock_moves WHERE stock_moves.lot_id = lots.lot_id"
    " AND reason = 'received')"
)

EXPIRED = (
    "SELECT (expires_on + 1)::timestamp AT TIME ZONE :zone AS at, lot_id, sku, received,"
    " (SELECT greatest(coalesce(sum(quantity), 0), 0) FROM stock_moves WHERE stock_moves.lot_id = lots.lot_id"
    " AND at < (expires_on + 1)::timestamp AT TIME ZONE :zone) AS remaining"
    f" FROM (SELECT *, {RECEIVED} AS received FROM lots) AS lots"
    " WHERE received > 0 AND (expires_on + 1)::timestamp AT TIME ZONE :zone <= :now"
)

ON_HAND = (
    "SELECT day AT TIME ZONE :zone AS at, coalesce(sold, 0) AS sold,"
    " (SELECT sum(on_hand) FROM lots) - (SELECT coalesce(sum(quantity), 0) FROM stock_moves WHERE at >= :since)"
    " + sum(coalesce(change, 0)) OVER (ORDER BY day) AS on_hand FROM (SELECT min(at) AS first FROM stock_moves)"
    " AS book CROSS JOIN LATERAL generate_series((greatest(first, :since) AT TIME ZONE :zone)::date::timestamp,"
    " (least(:until - interval '1 us', :now) AT TIME ZONE :zone)::date::timestamp, '1 day') AS day LEFT JOIN ("
    "SELECT (at AT TIME ZONE :zone)::date::timestamp AS day, sum(quantity) AS change,"
    " -coalesce(sum(quantity) FILTER (WHERE reason IN ('sold', 'returned', 'wholesale')), 0) AS sold"
    " FROM stock_moves WHERE at >= :since AND at < :until GROUP BY 1) AS moved USING (day) WHERE first IS NOT NULL"
)
"""SQL of what is on hand at the end of each day: what is there now, less what came since."""

TURNED_OVER = (
    "SELECT CAST(:since AS timestamptz) AS at, sku, quantity * greatest(last - greatest(day, first) + 1, 0) AS on_hand,"
    " CASE WHEN day >= first AND reason IN ('sold', 'returned', 'wholesale') THEN -quantity ELSE 0 END AS sold FROM ("
    "SELECT sku, quantity, reason, (at AT TIME ZONE :zone)::date AS day, (:since AT TIME ZONE :zone)::date AS first,"
    " (least(:until - interval '1 us', :now) AT TIME ZONE :zone)::date AS last"
    " FROM stock_moves JOIN lots USING (lot_id) WHERE at < :until) AS moved"
)
"""SQL of what each move has on hand on the days of a span, and sold in it: a unit is there from its day on."""

DELIVERED = (
    "SELECT closed_at AS at, each.key AS sku, each.value::numeric AS ordered,"
    " least(coalesce((received->each.key->>'quantity')::numeric, 0), each.value::numeric) AS came,"
    " coalesce((received->each.key->>'on')::date <= promised_on, false) AS in_time"
    " FROM supply_plans, jsonb_each_text(ordered) AS each WHERE status IN ('received', 'lapsed')"
)

FORETOLD = (
    "SELECT day AT TIME ZONE :zone AS at, sku, median, high, coalesce(("
    "SELECT -sum(quantity) FROM stock_moves JOIN lots USING (lot_id) WHERE lots.sku = foretold.sku"
    " AND reason IN ('sold', 'returned') AND at >= day AT TIME ZONE :zone"
    " AND at < (day + interval '1 day') AT TIME ZONE :zone"
    " AND (foretold.city IS NULL OR lots.city IS NULL OR rtrim(lots.city, '市') = rtrim(foretold.city, '市'))"
    "), 0) AS sold FROM (SELECT DISTINCT ON (1, 2) line->>'sku' AS sku, (week->>0)::timestamp AS day,"
    " (week->>1)::numeric AS median, (week->>2)::numeric AS high, line->>'city' AS city FROM supply_plans,"
    " jsonb_array_elements(lines) AS line, jsonb_array_elements(line->'week') AS week"
    " WHERE line->>'of' <> 'nothing' AND (created_at AT TIME ZONE :zone)::date < (week->>0)::date"
    " ORDER BY 1, 2, created_at DESC) AS foretold WHERE (day + interval '1 day') AT TIME ZONE :zone <= :now"
)
"""SQL of what was last foretold of each day before it, and what sold on it."""

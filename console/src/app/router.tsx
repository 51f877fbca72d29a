import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { searchOf } from "@/pages/board/figures";
import { fromOf } from "@/pages/calendar/from";
import { codeOf } from "@/pages/coupons/search";
import { filterOf } from "@/pages/journeys/rows";
import { titleOf } from "@/pages/editor/search";
import { tabOf } from "@/pages/customer/tabs";
import { statusOf } from "@/pages/messages/status";
import { viewOf } from "@/pages/journey/figures";
import { viewOf as supplyOf } from "@/pages/replenishments/tabs";
import { tabOf as settingOf } from "@/pages/settings/tabs";
import { stateOf } from "@/pages/shows/state";
import { viewOf as lotsOf } from "@/pages/stock/view";
import { tabOf as voiceTabOf } from "@/pages/voice/tabs";
import { Failure } from "@/parts/Failure";
import { Enter } from "./session/Enter";
import { NotFound } from "./NotFound";
import { SessionGate } from "./session/SessionGate";

const Shell = lazy(() => import("./Shell"));

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const enter = createRoute({ getParentRoute: () => root, path: "/enter", component: Enter });

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: () => (
    <SessionGate>
      <Suspense>
        <Shell>
          <Outlet />
        </Shell>
      </Suspense>
    </SessionGate>
  ),
});

const pages = [
  createRoute({
    getParentRoute: () => inside,
    path: "/",
    component: lazyRouteComponent(() => import("./Home"), "Home"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/today",
    component: lazyRouteComponent(() => import("@/pages/today/TodayPage"), "TodayPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/desk",
    component: lazyRouteComponent(() => import("@/pages/desk/DeskPage"), "DeskPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/desk/customers/$id",
    component: lazyRouteComponent(() => import("@/pages/desk/CardPage"), "CardPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/messages",
    validateSearch: statusOf,
    component: lazyRouteComponent(() => import("@/pages/messages/MessagesPage"), "MessagesPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/coupons",
    validateSearch: codeOf,
    component: lazyRouteComponent(() => import("@/pages/coupons/CouponsPage"), "CouponsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/coupons/$name",
    validateSearch: codeOf,
    component: lazyRouteComponent(() => import("@/pages/coupons/CampaignPage"), "CampaignPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/shows",
    validateSearch: stateOf,
    component: lazyRouteComponent(() => import("@/pages/shows/ShowsPage"), "ShowsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/shows/$id",
    component: lazyRouteComponent(() => import("@/pages/shows/ShowPage"), "ShowPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/shows/$id/review",
    component: lazyRouteComponent(() => import("@/pages/shows/ReviewPage"), "ReviewPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/plays",
    component: lazyRouteComponent(() => import("@/pages/plays/PlaysPage"), "PlaysPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/voice",
    validateSearch: voiceTabOf,
    component: lazyRouteComponent(() => import("@/pages/voice/VoicePage"), "VoicePage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/stock",
    validateSearch: lotsOf,
    component: lazyRouteComponent(() => import("@/pages/stock/StockPage"), "StockPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/replenishments",
    validateSearch: supplyOf,
    component: lazyRouteComponent(() => import("@/pages/replenishments/ReplenishmentsPage"), "ReplenishmentsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/settings",
    validateSearch: settingOf,
    component: lazyRouteComponent(() => import("@/pages/settings/SettingsPage"), "SettingsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/journeys",
    validateSearch: filterOf,
    component: lazyRouteComponent(() => import("@/pages/journeys/JourneysPage"), "JourneysPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/journeys/$name",
    validateSearch: viewOf,
    component: lazyRouteComponent(() => import("@/pages/journey/JourneyPage"), "JourneyPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/journeys/$name/edit",
    validateSearch: titleOf,
    component: lazyRouteComponent(() => import("@/pages/editor/EditorPage"), "EditorPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/calendar",
    validateSearch: fromOf,
    component: lazyRouteComponent(() => import("@/pages/calendar/CalendarPage"), "CalendarPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/documents/$name",
    component: lazyRouteComponent(() => import("@/pages/editor/documents/DocumentPage"), "DocumentPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/texts",
    component: lazyRouteComponent(() => import("@/pages/texts/TextsPage"), "TextsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/texts/$template/$channel",
    component: lazyRouteComponent(() => import("@/pages/texts/TextPage"), "TextPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/segments",
    component: lazyRouteComponent(() => import("@/pages/segments/SegmentsPage"), "SegmentsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/board",
    validateSearch: searchOf,
    component: lazyRouteComponent(() => import("@/pages/board/BoardPage"), "BoardPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/experiments",
    component: lazyRouteComponent(() => import("@/pages/experiments/ExperimentsPage"), "ExperimentsPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/customers",
    component: lazyRouteComponent(() => import("@/pages/customer/CustomersPage"), "CustomersPage"),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: "/customers/$id",
    validateSearch: tabOf,
    component: lazyRouteComponent(() => import("@/pages/customer/CustomerPage"), "CustomerPage"),
  }),
];

export const router = createRouter({
  basepath: "/console",
  routeTree: root.addChildren([enter, inside.addChildren(pages)]),
  defaultPreload: "intent",
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

// A tab that was open during an upgrade asks for files that are no more.
window.addEventListener("vite:preloadError", (event) => {
  event.preventDefault();
  window.location.reload();
});

import "./app.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { capabilities, newQueryClient } from "@/api/queries";
import { followPointer } from "@/lib/pointer";
import { newRouter } from "./router";
import { followTheme } from "./theme";

const queryClient = newQueryClient();
const router = newRouter(queryClient);

followTheme();
followPointer();
// The first paint needs no stream.
void import("@/lib/live").then(({ live }) => {
  live.followVisibility();
  live.subscribe([], (event) => {
    if (event.type === "access-ended") void queryClient.invalidateQueries({ queryKey: capabilities().queryKey });
  });
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element for the app.");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);

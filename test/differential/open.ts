/** Files that still differ, for a keyword that is still to come. `npm run differential` tells how. */
export const open: readonly string[] = [
  // IPv6 instances, and options of IPv6 addresses
  ...["six-group", "six-native", "six-no-accept", "six-options", "six-plain", "six-strict", "six-unicast"],
  ...["six-unicast-local", "six-version-two", "vmac-six", "vmac-six-base", "group-three-kinds"],
  ...["addresses-options", "addresses-excluded", "packets-unicast-old-checksum"],
  // Routes and rules
  ...["routes-deleted", "routes-metrics", "routes-nexthops", "routes-six", "routes-static", "routes-virtual"],
  ...["rules-deleted", "rules-virtual", "reload-routes", "track-group"],
  // Others
  ...["addresses-promoted", "process-priorities", "interfaces-delayed"],
];

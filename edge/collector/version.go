package collector

// Version is the collector's version, as v_collector tells it: "weir-" and this.
const Version = "0.1.0"

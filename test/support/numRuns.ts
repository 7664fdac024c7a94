/** Cases per property: few on every save, more where TREELINE_NUM_RUNS says so. */
export const NUM_RUNS = Number(process.env["TREELINE_NUM_RUNS"] ?? 200);

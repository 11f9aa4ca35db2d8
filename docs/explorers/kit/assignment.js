/** The linear assignment problem, by shortest augmenting paths; of equally cheap answers the one that scipy gives. */

/** The column of each row such that no column is taken twice and the sum of cost[row][column] is smallest. */
export function assignment(cost) {
  const [rows, columns] = [cost.length, cost[0].length];
  const [u, v] = [Array(rows).fill(0), Array(columns).fill(0)]; // what each row and column costs in any case
  const [columnOf, rowOf] = [Array(rows).fill(-1), Array(columns).fill(-1)];
  for (let row = 0; row < rows; row++) {
    const { sink, least, shortest, from, seenRows, seenColumns } = cheapestWay(cost, u, v, rowOf, row);
    u[row] += least;
    for (const i of seenRows) if (i !== row) u[i] += least - shortest[columnOf[i]];
    for (const j of seenColumns) v[j] -= least - shortest[j];
    for (let column = sink, i = -1; i !== row; ) { // along the way each row takes the next column
      i = from[column];
      rowOf[column] = i;
      [columnOf[i], column] = [column, columnOf[i]];
    }
  }
  return columnOf;
}

/** The cheapest way from a row to a column that is free, over rows that would have to change theirs. */
function cheapestWay(cost, u, v, rowOf, start) {
  const left = v.map((_, j) => v.length - 1 - j);
  const [shortest, from] = [v.map(() => Infinity), v.map(() => -1)];
  const [seenRows, seenColumns] = [[], []];
  for (let i = start, least = 0; ; ) {
    let [lowest, place] = [Infinity, -1];
    seenRows.push(i);
    left.forEach((j, at) => {
      const length = least + cost[i][j] - u[i] - v[j];
      if (length < shortest[j]) [shortest[j], from[j]] = [length, i];
      if (shortest[j] < lowest || (shortest[j] === lowest && rowOf[j] === -1)) [lowest, place] = [shortest[j], at];
    });
    least = lowest;
    const j = left[place];
    seenColumns.push(j);
    if (rowOf[j] === -1) return { sink: j, least, shortest, from, seenRows, seenColumns };
    i = rowOf[j];
    left[place] = left.at(-1);
    left.pop();
  }
}

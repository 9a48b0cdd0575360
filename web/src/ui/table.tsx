// SPDX-License-Identifier: Apache-2.0
// A table that can be sorted, walked through with arrow keys, and hold thousands of rows: beyond `virtualFrom` only what is seen is drawn.
import {Fragment, type ReactNode} from 'react';
import {Cell, Column, ResizableTableContainer, Row, Table as AriaTable, TableBody, TableHeader, type SortDescriptor} from 'react-aria-components/Table';
import {TableLayout, Virtualizer} from 'react-aria-components/Virtualizer';
import {Icon} from './icons';

const virtualFrom = 120;

export interface ColumnOf<T> {
  key: string;
  label: string;
  cell: (row: T) => ReactNode;
  /** Names the row; exactly one column does. */
  heading?: boolean;
  sortable?: boolean;
  /** Pixels at least; narrow screens scroll the table, not the page. */
  minWidth?: number;
  /** Share of what is left: 1 if nothing is said. */
  grow?: number;
  numeric?: boolean;
  /** What can be done about the row: stays in sight when a narrow screen scrolls the table. */
  action?: boolean;
}

export interface TableProps<T> {
  id: string;
  label: string;
  columns: ColumnOf<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** `name` or `-name`, as the server's `sort` has it. */
  sort?: string;
  onSort?: (sort: string) => void;
  onOpen?: (row: T) => void;
  href?: (row: T) => string;
  empty?: ReactNode;
  rowHeight?: number;
}

const descriptorOf = (sort: string | undefined): SortDescriptor | undefined =>
  sort ? {column: sort.replace(/^-/, ''), direction: sort.startsWith('-') ? 'descending' : 'ascending'} : undefined;

/** What was drawn for one row is used again for another that comes into sight: its parts are made anew, because a button keeps the id that it had first. */
export function DataTable<T extends object>(p: TableProps<T>): ReactNode {
  const virtual = p.rows.length >= virtualFrom;
  const table = (
    <AriaTable {...({id: p.id} as object)} aria-label={p.label} className="table" sortDescriptor={descriptorOf(p.sort)} selectionMode="none"
      onSortChange={(d) => p.onSort?.(`${d.direction === 'descending' ? '-' : ''}${String(d.column)}`)}
      onRowAction={p.onOpen ? (key) => { const row = p.rows.find((r) => p.rowKey(r) === key); if (row) p.onOpen?.(row); } : undefined}>
      <TableHeader>
        {p.columns.map((c) => (
          <Column key={c.key} id={c.key} isRowHeader={c.heading} allowsSorting={c.sortable} minWidth={c.minWidth ?? 110} defaultWidth={`${c.grow ?? 1}fr`} className="column" data-numeric={c.numeric || undefined} data-action={c.action || undefined}>
            {({sortDirection}) => (
              <span className="column-words">
                {c.label}
                {c.sortable ? <Icon name={sortDirection === 'ascending' ? 'up' : 'chevron'} className={sortDirection ? '' : 'icon-none'} /> : null}
              </span>
            )}
          </Column>
        ))}
      </TableHeader>
      <TableBody items={p.rows} dependencies={[p.columns]} renderEmptyState={() => p.empty ?? null}>
        {(row) => (
          <Row id={p.rowKey(row)} href={p.href?.(row)} className="row" data-row={`${p.id}-row-${p.rowKey(row)}`}>
            {p.columns.map((c) => <Cell key={c.key} className="cell" data-numeric={c.numeric || undefined} data-action={c.action || undefined}><Fragment key={p.rowKey(row)}>{c.cell(row)}</Fragment></Cell>)}
          </Row>
        )}
      </TableBody>
    </AriaTable>
  );
  return (
    <ResizableTableContainer className="table-room" data-virtual={virtual || undefined}>
      {virtual ? <Virtualizer layout={TableLayout} layoutOptions={{rowHeight: p.rowHeight ?? 44, headingHeight: 40}}>{table}</Virtualizer> : table}
    </ResizableTableContainer>
  );
}

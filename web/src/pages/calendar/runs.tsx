// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import type {UseQueryResult} from '@tanstack/react-query';
import type {SyncRun} from '../../api/shapes';
import {calendars} from '../../texts/calendars';
import {EmptyState, QueryError, Skeleton, StatusPill, type Tone} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {RelativeTime} from '../../ui/time';

const words = calendars.detail;
const tones: Record<SyncRun['outcome'], Tone> = {running: 'wait', succeeded: 'good', failed: 'bad'};

const columns: ColumnOf<SyncRun>[] = [
  {key: 'started', label: words.run.started, heading: true, minWidth: 130, cell: (r) => <RelativeTime at={r.started_at} />},
  {key: 'cause', label: words.run.cause, minWidth: 120, cell: (r) => words.causes[r.cause] ?? r.cause},
  {key: 'outcome', label: words.run.outcome, minWidth: 130, cell: (r) => <StatusPill tone={tones[r.outcome]} icon={r.outcome === 'running' ? 'runs' : undefined}>{words.run[r.outcome]}</StatusPill>},
  {key: 'counts', label: words.run.counts, minWidth: 220, grow: 2, cell: (r) => r.error?.detail ?? calendars.sync.counts(r)},
];

export function Runs({runs}: {runs: UseQueryResult<SyncRun[], Error>}): ReactNode {
  if (!runs.data) return runs.isError ? <QueryError id="calendar-runs-retry" error={runs.error} retry={() => void runs.refetch()} /> : <Skeleton lines={6} />;
  if (runs.data.length === 0) return <EmptyState icon="runs" title={words.noRuns} />;
  return <DataTable id="calendar-runs" label={words.tabs.runs} columns={columns} rows={runs.data} rowKey={(r) => r.id} />;
}

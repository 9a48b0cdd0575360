// SPDX-License-Identifier: Apache-2.0
// What was done hour by hour, as lines or as numbers.
import {useState, type ReactNode} from 'react';
import type {Answer} from '../../api/client';
import {useAnswer} from '../../data/cache';
import {api} from '../../session/context';
import {console_} from '../../texts/console';
import {numberWord} from '../../texts/language';
import {Button} from '../../ui/button';
import {Chart} from '../../ui/chart';
import {Card, QueryError, Skeleton} from '../../ui/states';
import {DataTable, type ColumnOf} from '../../ui/table';
import {clock, ShortTime} from '../../ui/time';

const words = console_.health;
type Hour = Answer<'/v1/admin/timeline', 'get'>['items'][number];

const lines: {key: 'runs_succeeded' | 'runs_failed' | 'events_applied' | 'writes' | 'conflicts'; label: string}[] = [
  {key: 'runs_succeeded', label: words.runsDone},
  {key: 'runs_failed', label: words.runsFailed},
  {key: 'events_applied', label: words.applied},
  {key: 'writes', label: words.writes},
  {key: 'conflicts', label: words.conflictsFound},
];

const columns: ColumnOf<Hour>[] = [
  {key: 'hour', label: words.hour, heading: true, minWidth: 130, cell: (h) => <ShortTime at={h.begins_at} />},
  ...lines.map((l): ColumnOf<Hour> => ({key: l.key, label: l.label, numeric: true, minWidth: 200, cell: (h) => numberWord(h[l.key])})),
];

export function Timeline(): ReactNode {
  const [table, setTable] = useState(false);
  const timeline = useAnswer(['console', 'timeline'], (signal) => api.get('/v1/admin/timeline', {query: {hours: 24}, signal}), {everyMs: 60_000, keep: true});
  const hours = timeline.data?.items;
  return (
    <div className="console-section">
      <Card id="health-timeline" title={words.timeline} actions={<Button id="health-timeline-view" small onPress={() => setTable(!table)}>{table ? words.asChart : words.asTable}</Button>}>
        {!hours ? (timeline.isError ? <QueryError id="health-timeline-retry" error={timeline.error} retry={() => void timeline.refetch()} /> : <Skeleton lines={3} />)
          : table ? <DataTable id="health-timeline-table" label={words.timeline} columns={columns} rows={[...hours].reverse()} rowKey={(h) => h.begins_at} />
            : (
              <div className="console-charts">
                {lines.map((l) => <Chart key={l.key} label={`${l.label}: ${numberWord(hours.reduce((sum, h) => sum + h[l.key], 0))}`} points={hours.map((h) => ({label: clock.exact(Date.parse(h.begins_at)), value: h[l.key]}))} />)}
              </div>
            )}
      </Card>
    </div>
  );
}

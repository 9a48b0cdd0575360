// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Tab, TabList, TabPanel, Tabs as AriaTabs} from 'react-aria-components/Tabs';

export interface TabPart {
  key: string;
  label: string;
  /** A number behind the label, if it is not 0. */
  count?: number;
  body: ReactNode;
}

/** Keep `value` in the address (useQueryParam), so that a tab can be linked to. */
export function Tabs({id, label, parts, value, onChange}: {id: string; label: string; parts: TabPart[]; value: string; onChange: (key: string) => void}): ReactNode {
  return (
    <AriaTabs id={id} className="tabs" selectedKey={value} onSelectionChange={(k) => onChange(String(k))}>
      <TabList aria-label={label} className="tab-list" items={parts} dependencies={[parts]}>
        {(p) => <Tab id={p.key} className="tab" render={(props) => <div {...(props as object)} id={`${id}-${p.key}`} />}>{p.label}{p.count ? <span className="tab-count">{p.count}</span> : null}</Tab>}
      </TabList>
      {parts.map((p) => <TabPanel key={p.key} id={p.key} className="tab-panel" render={(props) => <div {...(props as object)} aria-labelledby={`${id}-${p.key}`} />}>{p.body}</TabPanel>)}
    </AriaTabs>
  );
}

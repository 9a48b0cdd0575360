// SPDX-License-Identifier: Apache-2.0

export interface SseMessage {
  id: string | null;
  event: string;
  data: string;
}

/** A message larger than this is dropped whole; a fact has at most 64 KiB. */
const mostBytes = 1024 * 1024;

/** Reads text/event-stream in pieces of any size, as the HTML standard parses it. Comments are skipped. */
export class SseParser {
  private rest = '';
  private data: string[] = [];
  private size = 0;
  private event = '';
  private id: string | null = null;
  private afterCr = false;

  feed(piece: string): SseMessage[] {
    if (this.afterCr && piece.startsWith('\n')) piece = piece.slice(1);
    if (piece !== '') this.afterCr = piece.endsWith('\r');
    const lines = (this.rest + piece).split(/\r\n|\r|\n/);
    this.rest = lines.pop() ?? '';
    if (this.rest.length > mostBytes) {
      this.rest = '';
      this.size = mostBytes + 1;
    }
    const out: SseMessage[] = [];
    for (const line of lines) {
      if (line !== '') this.take(line);
      else this.dispatch(out);
    }
    return out;
  }

  private take(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (name === 'data') {
      this.size += value.length;
      if (this.size > mostBytes) this.data = [];
      else this.data.push(value);
    } else if (name === 'event') this.event = value;
    else if (name === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(out: SseMessage[]): void {
    if (this.data.length > 0) out.push({id: this.id, event: this.event, data: this.data.join('\n')});
    this.data = [];
    this.size = 0;
    this.event = '';
    this.id = null;
  }
}

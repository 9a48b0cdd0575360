// SPDX-License-Identifier: Apache-2.0
import {useEffect, useState, type ReactNode} from 'react';
import {Button as AriaButton} from 'react-aria-components/Button';
import {Dialog as AriaDialog, DialogTrigger} from 'react-aria-components/Dialog';
import {Heading} from 'react-aria-components/Heading';
import {Menu as AriaMenu, MenuItem, MenuTrigger} from 'react-aria-components/Menu';
import {Modal, ModalOverlay} from 'react-aria-components/Modal';
import {Popover} from 'react-aria-components/Popover';
import {Separator} from 'react-aria-components/Separator';
import {useLocation} from '../router/router';
import {kit} from '../texts/kit';
import {Button, IconButton, type ButtonKind} from './button';
import {Icon, type IconName} from './icons';

export interface DialogProps {
  id: string;
  title: string;
  open: boolean;
  onClose: () => void;
  /** Neither a click outside nor Escape closes it: what is in it would be lost, and onClose does not ask. */
  sticky?: boolean;
  wide?: boolean;
  children: ReactNode;
  /** Its buttons; the last one is the one that does it. */
  actions?: ReactNode;
}

export function Dialog({id, title, open, onClose, sticky = false, wide = false, children, actions}: DialogProps): ReactNode {
  return (
    <ModalOverlay isOpen={open} onOpenChange={(o) => !o && onClose()} isDismissable={!sticky} isKeyboardDismissDisabled={sticky} className="modal-ground">
      <Modal className={`modal${wide ? ' modal-wide' : ''}`}>
        <AriaDialog id={id} className="dialog">
          <header className="dialog-head">
            <Heading slot="title">{title}</Heading>
            <IconButton id={`${id}-close`} label={kit.close} icon="close" onPress={onClose} />
          </header>
          <div className="dialog-body">{children}</div>
          {actions ? <footer className="dialog-actions">{actions}</footer> : null}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface ConfirmProps {
  id: string;
  title: string;
  open: boolean;
  onClose: () => void;
  /** Says truly what will happen. */
  children: ReactNode;
  confirm: string;
  kind?: ButtonKind;
  busy?: boolean;
  disabled?: boolean;
  onConfirm: () => void;
}

/** Asks before something that cannot be taken back. Focus starts on the way out. */
export function ConfirmDialog({id, title, open, onClose, children, confirm, kind = 'danger', busy = false, disabled = false, onConfirm}: ConfirmProps): ReactNode {
  return (
    <ModalOverlay isOpen={open} onOpenChange={(o) => !o && !busy && onClose()} isDismissable={!busy} className="modal-ground">
      <Modal className="modal">
        <AriaDialog id={id} role="alertdialog" className="dialog">
          <header className="dialog-head"><Heading slot="title">{title}</Heading></header>
          <div className="dialog-body">{children}</div>
          <footer className="dialog-actions">
            <Button id={`${id}-cancel`} autoFocus onPress={onClose} isDisabled={busy}>{kit.cancel}</Button>
            <Button id={`${id}-confirm`} kind={kind} busy={busy} isDisabled={disabled} onPress={onConfirm}>{confirm}</Button>
          </footer>
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface MenuEntry {
  key: string;
  label: string;
  icon?: IconName;
  detail?: string;
  href?: string;
  chosen?: boolean;
  danger?: boolean;
  disabled?: boolean;
  /** A line above it. */
  parted?: boolean;
  act?: () => void;
}

export interface MenuProps {
  id: string;
  label: string;
  entries: MenuEntry[];
  /** What opens it: an icon alone, or words beside one. */
  icon?: IconName;
  children?: ReactNode;
  header?: ReactNode;
}

export function Menu({id, label, entries, icon = 'dots', children, header}: MenuProps): ReactNode {
  return (
    <MenuTrigger>
      {children ? (
        <AriaButton id={id} className="menu-button"><span className="unseen">{label}: </span>{children}<Icon name="chevron" className="menu-chevron" /></AriaButton>
      ) : (
        <IconButton id={id} label={label} icon={icon} />
      )}
      <Popover className="popover" placement="bottom end">
        {header ? <div className="menu-header">{header}</div> : null}
        <AriaMenu id={`${id}-menu`} aria-label={label} className="menu" onAction={(key) => entries.find((e) => e.key === key)?.act?.()}
          disabledKeys={entries.filter((e) => e.disabled).map((e) => e.key)}>
          {entries.flatMap((e) => [
            ...(e.parted ? [<Separator key={`${e.key}-line`} className="menu-line" />] : []),
            <MenuItem key={e.key} id={e.key} href={e.href} textValue={e.label} className="menu-item" data-danger={e.danger || undefined}
              aria-current={e.chosen ? 'true' : undefined} data-item={`${id}-${e.key}`}>
              <Icon name={e.chosen ? 'check' : (e.icon ?? 'right')} className={e.chosen || e.icon ? '' : 'icon-none'} />
              <span className="menu-words">
                <span>{e.label}</span>
                {e.detail ? <span className="menu-detail">{e.detail}</span> : null}
              </span>
            </MenuItem>,
          ])}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}

/** A small window at its button, for what is too much for a tooltip. It closes behind a link that was followed. */
export function InfoPopover({id, label, icon = 'info', count = 0, children}: {id: string; label: string; icon?: IconName; count?: number; children: ReactNode}): ReactNode {
  const [open, setOpen] = useState(false);
  const {full} = useLocation();
  useEffect(() => setOpen(false), [full]);
  return (
    <DialogTrigger isOpen={open} onOpenChange={setOpen}>
      <IconButton id={id} label={label} icon={icon} count={count} />
      <Popover className="popover" placement="bottom end">
        <AriaDialog id={`${id}-window`} className="popover-body" aria-label={label}>{children}</AriaDialog>
      </Popover>
    </DialogTrigger>
  );
}

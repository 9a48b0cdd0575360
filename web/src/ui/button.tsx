// SPDX-License-Identifier: Apache-2.0
import type {ReactNode} from 'react';
import {Button as AriaButton, type ButtonProps as AriaButtonProps} from 'react-aria-components/Button';
import {Link as AriaLink, type LinkProps as AriaLinkProps} from 'react-aria-components/Link';
import {Tooltip, TooltipTrigger} from 'react-aria-components/Tooltip';
import {Icon, type IconName} from './icons';
import {Spinner} from './states';

export type ButtonKind = 'primary' | 'secondary' | 'quiet' | 'danger';

export interface ButtonProps extends Omit<AriaButtonProps, 'id' | 'className' | 'style' | 'isPending' | 'children'> {
  /** Unique and stable: `area-thing[-key]`. */
  id: string;
  kind?: ButtonKind;
  icon?: IconName;
  /** Work is under way: the button stays focusable, says so, and does nothing. */
  busy?: boolean;
  small?: boolean;
  children: ReactNode;
}

export function Button({kind = 'secondary', icon, busy = false, small = false, children, ...rest}: ButtonProps): ReactNode {
  return (
    <AriaButton {...rest} isPending={busy} className={`button button-${kind}${small ? ' button-small' : ''}`}>
      {busy ? <Spinner /> : icon ? <Icon name={icon} /> : null}
      <span>{children}</span>
    </AriaButton>
  );
}

export interface IconButtonProps extends Omit<AriaButtonProps, 'id' | 'className' | 'style' | 'children' | 'isPending'> {
  id: string;
  /** What it does, for everybody who cannot read the drawing; also its tooltip. */
  label: string;
  icon: IconName;
  /** A number on its corner; said as part of the label by whoever sets it. */
  count?: number;
}

export function IconButton({label, icon, count = 0, ...rest}: IconButtonProps): ReactNode {
  return (
    <TooltipTrigger delay={600}>
      <AriaButton {...rest} aria-label={label} className="icon-button">
        <Icon name={icon} />
        {count > 0 ? <span className="icon-count" aria-hidden="true">{count > 99 ? '99+' : count}</span> : null}
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>{label}</Tooltip>
    </TooltipTrigger>
  );
}

export interface LinkProps extends Omit<AriaLinkProps, 'id' | 'className' | 'style' | 'children'> {
  id: string;
  href: string;
  /** `button` looks like one; `plain` like the text around it. */
  look?: 'link' | 'plain' | 'button' | 'button-primary';
  icon?: IconName;
  children: ReactNode;
}

/** Goes to another page of ours without loading anew; `target` and other origins are the browser's. */
export function Link({look = 'link', icon, children, ...rest}: LinkProps): ReactNode {
  const classes = {link: 'link', plain: 'link-plain', button: 'button button-secondary', 'button-primary': 'button button-primary'}[look];
  return (
    <AriaLink {...rest} className={classes}>
      {icon ? <Icon name={icon} /> : null}
      {icon || look.startsWith('button') ? <span>{children}</span> : children}
    </AriaLink>
  );
}

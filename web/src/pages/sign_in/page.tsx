// SPDX-License-Identifier: Apache-2.0
import {useState, type FormEvent, type ReactNode} from 'react';
import {navigate} from '../../router/router';
import {arrivalProblem, destination, reasonOf} from '../../session/arrival';
import {sessions, useSessionState} from '../../session/context';
import {keyOf, type Credentials} from '../../session/link';
import {useTitle} from '../../shell/title';
import {shell} from '../../texts/shell';
import {signIn} from '../../texts/sign_in';
import {Button} from '../../ui/button';
import {TextField} from '../../ui/text_field';
import {ProductMark} from '../../ui/icons';
import {Notice} from '../../ui/states';
import {Tabs} from '../../ui/tabs';
import {toast} from '../../ui/toast';

export default function SignInPage(): ReactNode {
  useTitle(signIn.title);
  const {ending, unmade} = useSessionState();
  const [way, setWay] = useState('key');
  const [problem, setProblem] = useState(arrivalProblem);
  const [busy, setBusy] = useState(false);
  const submit = async (given: Credentials): Promise<void> => {
    if (busy) return;
    setBusy(true);
    setProblem(null);
    try {
      await sessions.begin(given);
      if (sessions.state.unmade) toast({tone: 'info', title: signIn.unmadeAgain, detail: signIn.unmadeHelp});
      sessions.admitted();
      navigate(destination(), {replace: true});
    } catch (e) {
      setProblem(reasonOf(e, given));
      setBusy(false);
    }
  };
  return (
    <main className="alone" id="content">
      <div className="alone-card">
        <div className="alone-brand"><ProductMark /><span>{shell.product}</span></div>
        <h1 id="page-title" tabIndex={-1}>{signIn.title}</h1>
        <p className="alone-lead">{signIn.intro}</p>
        {ending !== 'none' && !problem ? <Notice id="sign-in-ended" tone={unmade ? 'wait' : 'info'}>{signIn.ended[ending]}{unmade ? ` ${signIn.unmade}` : ''}</Notice> : null}
        <div role="alert">{problem ? <Notice tone="bad" id="sign-in-problem">{problem}</Notice> : null}</div>
        <Tabs id="sign-in-way" label={signIn.ways} value={way} onChange={setWay} parts={[
          {key: 'key', label: signIn.key, body: <KeyForm busy={busy} submit={submit} />},
          {key: 'account', label: signIn.account, body: <AccountForm busy={busy} submit={submit} />},
        ]} />
        <p className="alone-hint">{signIn.linkHint}</p>
      </div>
    </main>
  );
}

interface FormParts {
  busy: boolean;
  submit: (given: Credentials) => Promise<void>;
}

function KeyForm({busy, submit}: FormParts): ReactNode {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const send = (e: FormEvent): void => {
    e.preventDefault();
    const key = keyOf(text);
    if (key === null) return setWrong(text.trim() === '' ? signIn.problems.emptyKey : signIn.problems.malformedKey);
    void submit({key});
  };
  return (
    <form className="form" onSubmit={send} noValidate>
      <TextField id="sign-in-key" label={signIn.keyLabel} help={signIn.keyHelp} type="password" mono required value={text} problem={wrong}
        onChange={(v) => { setText(v); setWrong(null); }} maxLength={600} />
      <Button id="sign-in-key-submit" kind="primary" type="submit" busy={busy}>{signIn.submit}</Button>
    </form>
  );
}

function AccountForm({busy, submit}: FormParts): ReactNode {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asked, setAsked] = useState(false);
  const digits = code.replace(/\s/g, '');
  const wrong = {
    email: email.includes('@') ? null : signIn.problems.emailMissing,
    password: password === '' ? signIn.problems.passwordMissing : null,
    code: /^\d{6}$/.test(digits) ? null : signIn.problems.codeMissing,
  };
  const send = (e: FormEvent): void => {
    e.preventDefault();
    setAsked(true);
    if (!wrong.email && !wrong.password && !wrong.code) void submit({email: email.trim(), password, code: digits});
  };
  return (
    <form className="form" onSubmit={send} noValidate>
      <TextField id="sign-in-email" label={signIn.email} type="email" autoComplete="username" required value={email} onChange={setEmail} problem={asked ? wrong.email : null} />
      <TextField id="sign-in-password" label={signIn.password} type="password" autoComplete="current-password" required value={password} onChange={setPassword} problem={asked ? wrong.password : null} />
      <TextField id="sign-in-code" label={signIn.code} help={signIn.codeHelp} inputMode="numeric" autoComplete="one-time-code" mono required maxLength={9} value={code} onChange={setCode} problem={asked ? wrong.code : null} />
      <Button id="sign-in-account-submit" kind="primary" type="submit" busy={busy}>{signIn.submit}</Button>
    </form>
  );
}

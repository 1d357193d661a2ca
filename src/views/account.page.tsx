import type { VNode } from 'preact';
import { FaultSummary, Field, Form, Submit } from './form.js';
import { Layout, Notice } from './layout.js';
import type { FormFaults, PageFrame } from './view.js';

/** A session of the account, in words. */
export interface SessionLine {
  readonly id: string;
  readonly current: boolean;
  /** Such as "Firefox on Linux". */
  readonly device: string;
  readonly place: string;
  readonly lastUsed: string;
  readonly since: string;
}

export interface AccountView extends PageFrame {
  /** The user's name in the heading. */
  readonly name: string;
  readonly profile: {
    readonly email: string;
    readonly emailVerified: boolean;
    readonly username: string;
    readonly fullName: string;
    readonly roles: readonly string[];
  };
  readonly sessions: readonly SessionLine[];
  /** The number of sessions beyond those listed. */
  readonly moreSessions: number;
  /** Only the form for the password is shown. */
  readonly mustChangePassword: boolean;
  readonly notice: string | undefined;
  readonly profileFaults: FormFaults | undefined;
  readonly passwordFaults: FormFaults | undefined;
}

/** Profile, password and sessions of the signed-in user. */
export function AccountPage(view: AccountView): VNode {
  const { texts, base, name, notice, mustChangePassword } = view;
  const t = texts.account;
  return (
    <Layout {...view} page="account" title={t.title} wide>
      <div class="lk-title">
        <div>
          <h1>{t.title}</h1>
          <p>{t.signedInAs(name)}</p>
        </div>
        <form method="post" action={`${base}/logout`}>
          <button class="lk-button lk-button-plain" type="submit">
            {t.signOut}
          </button>
        </form>
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {mustChangePassword ? <Notice>{t.mustChangePassword}</Notice> : <Profile {...view} />}
      <Password {...view} />
      {mustChangePassword ? null : <Sessions {...view} />}
    </Layout>
  );
}

function Profile({ texts, base, profile, profileFaults }: AccountView): VNode {
  const t = texts.account;
  return (
    <section class="lk-card" aria-labelledby="profile">
      <h2 id="profile">{t.profile}</h2>
      <FaultSummary texts={texts} faults={profileFaults} />
      <dl class="lk-facts">
        <dt>{t.email}</dt>
        <dd>
          {profile.email}{' '}
          <span class="lk-mark">{profile.emailVerified ? t.emailProved : t.emailUnproved}</span>
        </dd>
        <dt>{t.roles}</dt>
        <dd>{profile.roles.join(', ') || t.noRoles}</dd>
      </dl>
      <Form action={`${base}/account/profile`}>
        <Field
          name="full_name"
          label={t.fullName}
          autocomplete="name"
          value={profile.fullName}
          faults={profileFaults}
        />
        <Field
          name="username"
          label={t.username}
          hint={texts.register.usernameHint}
          autocomplete="username"
          value={profile.username}
          faults={profileFaults}
        />
        <Submit>{t.saveProfile}</Submit>
      </Form>
    </section>
  );
}

function Password({ texts, base, profile, passwordFaults }: AccountView): VNode {
  const t = texts.account;
  return (
    <section class="lk-card" aria-labelledby="password-title">
      <h2 id="password-title">{t.password}</h2>
      <FaultSummary texts={texts} faults={passwordFaults} />
      <Form action={`${base}/account/password`}>
        {/* Password managers store the new password under this name. */}
        <input
          class="lk-hidden"
          type="text"
          autocomplete="username"
          value={profile.email}
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <Field
          name="current_password"
          label={t.currentPassword}
          type="password"
          autocomplete="current-password"
          required
          faults={passwordFaults}
        />
        <Field
          name="password"
          label={t.newPassword}
          hint={texts.register.passwordHint}
          type="password"
          autocomplete="new-password"
          required
          faults={passwordFaults}
        />
        <Submit>{t.changePassword}</Submit>
      </Form>
    </section>
  );
}

function Sessions({ texts, base, sessions, moreSessions }: AccountView): VNode {
  const t = texts.account;
  return (
    <section class="lk-card" aria-labelledby="sessions">
      <h2 id="sessions">{t.sessions}</h2>
      <p>{t.sessionsLead}</p>
      <ul class="lk-list">
        {sessions.map((session) => (
          <Session key={session.id} texts={texts} base={base} {...session} />
        ))}
      </ul>
      {moreSessions > 0 ? <p class="lk-hint">{t.more(moreSessions)}</p> : null}
      {sessions.length > 1 ? (
        <form method="post" action={`${base}/account/sessions/end-others`}>
          <button class="lk-button lk-button-plain" type="submit">
            {t.endOthers}
          </button>
        </form>
      ) : null}
    </section>
  );
}

function Session({
  texts,
  base,
  id,
  current,
  device,
  place,
  lastUsed,
  since,
}: SessionLine & Pick<PageFrame, 'texts' | 'base'>): VNode {
  const t = texts.account;
  return (
    <li class="lk-item">
      <div>
        <strong>{device}</strong> {current ? <span class="lk-mark">{t.thisDevice}</span> : null}
        <p class="lk-hint">
          {place} · {t.lastUsed(lastUsed)} · {t.since(since)}
        </p>
      </div>
      {current ? null : (
        <form method="post" action={`${base}/account/sessions/${id}/end`}>
          <button class="lk-button lk-button-plain" type="submit" aria-label={t.endLabel(device)}>
            {t.end}
          </button>
        </form>
      )}
    </li>
  );
}

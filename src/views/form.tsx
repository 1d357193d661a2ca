import type { ComponentChildren, InputHTMLAttributes, VNode } from 'preact';
import type { Texts } from './texts/en.js';
import type { FormFaults } from './view.js';

/** The summary above a refused form. It has the focus when the page opens, so that it is read first. */
export function FaultSummary({
  texts,
  faults,
}: {
  readonly texts: Texts;
  readonly faults: FormFaults | undefined;
}): VNode | null {
  if (!faults) return null;
  return (
    <p class="lk-faults" role="alert" tabIndex={-1} autofocus>
      {faults.message ?? texts.errors.summary}
    </p>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  /** The tokens of HTML's `autocomplete`, by which password managers find the field. */
  readonly autocomplete: string;
  readonly hint?: string;
  /** Never the value of a password. */
  readonly value?: string | undefined;
  readonly required?: boolean;
  readonly autofocus?: boolean;
  readonly faults: FormFaults | undefined;
}

/** A labelled input with its hint and its fault. */
export function Field(props: FieldProps): VNode {
  const {
    name,
    label,
    type = 'text',
    autocomplete,
    hint,
    value,
    required = false,
    autofocus,
    faults,
  } = props;
  const fault = faults?.fields[name];
  const described = [hint && `${name}-hint`, fault && `${name}-fault`].filter(Boolean).join(' ');
  const isName = type !== 'text' || autocomplete.startsWith('username');
  // Preact types the attributes by the literal of `type`.
  const attributes = {
    id: name,
    name,
    type,
    autocomplete,
    required,
    autofocus: autofocus === true && !faults,
    ...(value === undefined ? {} : { value }),
    ...(isName ? { autocapitalize: 'none', spellcheck: false } : {}),
    ...(fault ? { 'aria-invalid': 'true' } : {}),
    ...(described ? { 'aria-describedby': described } : {}),
  } as InputHTMLAttributes;
  return (
    <div class="lk-field">
      <label for={name}>{label}</label>
      {hint ? (
        <p class="lk-hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      <input {...attributes} />
      {fault ? (
        <p class="lk-fault" id={`${name}-fault`}>
          {fault}
        </p>
      ) : null}
    </div>
  );
}

/** A form that is sent to a page of this service, with the base path. Browsers check nothing: the page says what is wrong in its language. */
export function Form({
  action,
  children,
}: {
  readonly action: string;
  readonly children: ComponentChildren;
}): VNode {
  return (
    <form class="lk-form" method="post" action={action} noValidate>
      {children}
    </form>
  );
}

export function Submit({ children }: { readonly children: ComponentChildren }): VNode {
  return (
    <button class="lk-button" type="submit">
      {children}
    </button>
  );
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A text file that is open. Changes elsewhere are merged by lines; where both changed the same ones, somebody chooses. */
import { applyText, difference } from "../model/text-change";
import { mergeText } from "../model/text-merge";
import type { OpenText, TextChange } from "../model/types";
import { nameOf } from "../page";
import { askUser, toast } from "../shell/layers";
import { t } from "../text";
import type { TextFile } from "./contents";
import type { Draft } from "./drafts";
import { FileSaver, type Took } from "./saver";
import { type TextForm, textIn, textOut } from "./text-form";

export interface TextDraft {
  base: string;
  mine: string;
}

export class TextDocument extends FileSaver implements OpenText {
  text: string;
  private form: TextForm;
  private base: string;
  private theirs: string | null = null; /* while a conflict waits */
  private began = ""; /* what both were made from */
  private readonly textWatchers = new Set<(changes: readonly TextChange[]) => void>();

  constructor(file: TextFile, drafts: readonly Draft[]) {
    super(file.path);
    const { text, form } = textIn(file.content);
    this.text = this.base = text;
    this.form = form;
    this.begin(file);
    drafts.forEach((d, i) => this.replay(d as Draft<TextDraft>, i === 0));
  }

  edit(changes: TextChange[]): void {
    if (!changes.length) return;
    this.text = applyText(this.text, changes).text;
    this.changed(false);
  }

  watchText(fn: (changes: readonly TextChange[]) => void): () => void {
    this.textWatchers.add(fn);
    return () => void this.textWatchers.delete(fn);
  }

  private become(text: string): void {
    const changes = difference(this.text, text);
    if (!changes.length) return;
    this.text = text;
    for (const fn of [...this.textWatchers]) fn(changes);
  }

  protected write(snapshot: unknown): string {
    return textOut(snapshot as string, this.form);
  }
  protected snapshot(): string {
    return this.text;
  }
  protected tookPlace(snapshot: unknown): void {
    this.base = snapshot as string;
  }
  protected get undecided(): boolean {
    return this.theirs !== null;
  }
  protected override goneText(): string {
    return t.shell.goneElsewhere(nameOf(this.path));
  }
  protected draft(): TextDraft | null {
    return this.text === this.base ? null : { base: this.theirs === null ? this.base : this.began, mine: this.text };
  }

  protected take(file: TextFile): Took {
    const { text, form } = textIn(file.content), mineToo = this.text !== this.base;
    const began = this.theirs === null ? this.base : this.began, merged = mergeText(began, this.text, text);
    this.form = form;
    this.base = text;
    if (merged === null) {
      this.began = began;
      this.theirs = text;
      void this.choose();
      return "conflict";
    }
    this.theirs = null;
    this.become(merged);
    if (merged === text) return "same";
    if (mineToo) toast(t.shell.mergedHere(nameOf(this.path)), "merge");
    return "merged";
  }

  private replay(draft: Draft<TextDraft>, first: boolean): void {
    const merged = mergeText(draft.data.base, draft.data.mine, this.text);
    /* Of another tab that is gone too. What does not fit, or might go with an answer, stays where it is kept, for the next time. */
    if (!first && (merged === null || this.theirs !== null)) return;
    this.adoptedDraft(draft.tab);
    if (merged === this.text) return void this.changed(false);
    if (merged === null) {
      this.theirs = this.base;
      this.began = draft.data.base;
      this.save = { state: "conflict" };
      this.text = draft.data.mine;
      void this.choose();
    } else this.text = merged;
    this.changed(false);
    toast(t.shell.recovered(nameOf(this.path)), "info");
  }

  /* Closed without an answer, it asks again at the next save. */
  async choose(): Promise<void> {
    const name = nameOf(this.path);
    const answer = await askUser({
      title: t.shell.conflictText(name),
      body: t.shell.conflictTextBody,
      buttons: [
        { text: t.shell.takeTheirs, value: "theirs" },
        { text: t.shell.takeMine, value: "mine", kind: "primary" },
      ],
    });
    if (!answer || this.theirs === null) return;
    const theirs = this.theirs;
    this.theirs = null;
    if (answer.value === "theirs") this.become(theirs);
    await this.decided();
  }

  override async saveNow(): Promise<void> {
    if (this.undecided) return this.choose();
    await super.saveNow();
  }
}

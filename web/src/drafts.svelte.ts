// What a person has typed and not sent: it outlives the screen, and a session that ends meanwhile.

export const drafts = $state({ dispute: "", statement: "", readerName: "", reader: "" });

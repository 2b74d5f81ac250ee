-- A library as the program first wrote it (sqlite3's dump of a file).
BEGIN TRANSACTION;
CREATE TABLE calls (
	call_id VARCHAR NOT NULL, 
	content_hash VARCHAR NOT NULL, 
	account_id VARCHAR, 
	rep_id VARCHAR, 
	started_at DATETIME, 
	outcome VARCHAR, 
	split VARCHAR, 
	provenance VARCHAR NOT NULL, 
	added_at DATETIME NOT NULL, 
	metrics JSON NOT NULL, 
	call_metadata JSON NOT NULL, 
	warnings JSON NOT NULL, 
	PRIMARY KEY (call_id), 
	UNIQUE (content_hash)
);
INSERT INTO "calls" VALUES('c-1','7e26347b5217b4670aa39fa7349a3f0e7d5e56469369f9a9cb16f717bb7af724','acc-1','rep-1','2026-03-31 14:05:00.000000','lost','test','own','2026-11-21 08:57:12.897727','{"talk_ratio_words": 0.5, "talk_ratio_seconds": null, "rep_questions": 0.0, "rep_open_questions": 0.0, "customer_questions": 0.0, "longest_monologue_words": 2.0, "longest_monologue_seconds": 1.5, "longest_customer_story_words": 2.0, "interactivity": null, "switches_per_100_words": 25.0, "patience_seconds": null, "speech_rate_wpm": null, "filler_rate": 0.0, "price_mentions": 0.0, "first_price_mention_share": null, "next_step": 0.0, "customer_commitment": 0.0}','{"industry": "s\u00fcd", "call_type": "demo"}','{"transcript": ["One line had no speaker."]}');
INSERT INTO "calls" VALUES('c-2','3e1a04c507d9f4a83af339f7103ece891fdc4565d8e4b2d84eb2e2db8c2f23c9','acc-1',NULL,NULL,'converted',NULL,'own','2026-11-21 08:57:12.908723','{"talk_ratio_words": 0.7142857142857143, "talk_ratio_seconds": null, "rep_questions": 1.0, "rep_open_questions": 0.0, "customer_questions": 0.0, "longest_monologue_words": 5.0, "longest_monologue_seconds": null, "longest_customer_story_words": 2.0, "interactivity": null, "switches_per_100_words": 14.285714285714286, "patience_seconds": null, "speech_rate_wpm": null, "filler_rate": 0.0, "price_mentions": 0.0, "first_price_mention_share": null, "next_step": 1.0, "customer_commitment": 0.0}','{}','{"transcript": []}');
INSERT INTO "calls" VALUES('c-3','a3c5da3cf7a560dacccf662d2ad00cf6a64bc7750dd740d8f693c6356c8deecc','acc-2','rep-1',NULL,NULL,NULL,'sample','2026-11-21 08:57:12.909842','{"talk_ratio_words": 0.5, "talk_ratio_seconds": null, "rep_questions": 1.0, "rep_open_questions": 1.0, "customer_questions": 0.0, "longest_monologue_words": 4.0, "longest_monologue_seconds": null, "longest_customer_story_words": 4.0, "interactivity": null, "switches_per_100_words": 12.5, "patience_seconds": null, "speech_rate_wpm": null, "filler_rate": 0.0, "price_mentions": 0.0, "first_price_mention_share": null, "next_step": 0.0, "customer_commitment": 0.0}','{}','{"transcript": []}');
INSERT INTO "calls" VALUES('pasted-f6cd80606f','f6cd80606fbbf8ae3e6065a97410bd193f56be2ba447aa6784a5cd1a3c249145',NULL,NULL,NULL,NULL,NULL,'pasted','2026-11-21 08:57:12.915980','{"talk_ratio_words": 0.5555555555555556, "talk_ratio_seconds": null, "rep_questions": 1.0, "rep_open_questions": 0.0, "customer_questions": 0.0, "longest_monologue_words": 5.0, "longest_monologue_seconds": null, "longest_customer_story_words": 4.0, "interactivity": null, "switches_per_100_words": 11.11111111111111, "patience_seconds": null, "speech_rate_wpm": null, "filler_rate": 0.0, "price_mentions": 0.0, "first_price_mention_share": null, "next_step": 0.0, "customer_commitment": 0.0}','{}','{"transcript": []}');
CREATE TABLE turns (
	call_id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	speaker VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	start_s DOUBLE, 
	end_s DOUBLE, 
	PRIMARY KEY (call_id, number), 
	FOREIGN KEY(call_id) REFERENCES calls (call_id) ON DELETE CASCADE
);
INSERT INTO "turns" VALUES('c-1',1,'Dana Ünal','rep','Hi – „so“?	🙂',0.5,2.0);
INSERT INTO "turns" VALUES('c-1',2,'Bob','customer','It''s 100 %.',2.25,NULL);
INSERT INTO "turns" VALUES('c-1',3,'?','unknown','Mm; he said ''no''.',NULL,NULL);
INSERT INTO "turns" VALUES('c-2',1,'Rep','rep','Shall we start on Monday?',NULL,NULL);
INSERT INTO "turns" VALUES('c-2',2,'Customer','customer','Yes, please.',NULL,NULL);
INSERT INTO "turns" VALUES('c-3',1,'Rep','rep','What do you think?',NULL,NULL);
INSERT INTO "turns" VALUES('c-3',2,'Customer','customer','I''d have to ask.',NULL,NULL);
INSERT INTO "turns" VALUES('pasted-f6cd80606f',1,'Rep','rep','Is this a good time?',NULL,NULL);
INSERT INTO "turns" VALUES('pasted-f6cd80606f',2,'Customer','customer','Only if it''s short.',NULL,NULL);
CREATE INDEX ix_calls_outcome ON calls (outcome);
CREATE INDEX ix_calls_account_id ON calls (account_id);
COMMIT;
PRAGMA user_version = 1;

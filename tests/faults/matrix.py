"""The rows of RELIABILITY section 3 that concern deliveries, and the tests that prove each.

`python -m tests.faults.soak` is the long version of F04, F06, F08, F09 and F12, and with `--hanging 500` of T33.
"""

WORKERS, QUICK = "tests/faults/test_workers.py", "tests/faults/test_quick.py"
CLAIMING, DELIVERER = "tests/webhooks/test_claiming.py", "tests/webhooks/test_deliverer.py"
RECORDING, SENDING = "tests/webhooks/test_recording.py", "tests/webhooks/test_sending.py"

PROVEN: dict[str, tuple[tuple[str, str], ...]] = {
    "F04 worker killed before it sends, after it sent, before it records": (
        (QUICK, "test_a_worker_killed_at_every_step_loses_nothing"),
    ),
    "F05 a worker that was given up lives on": (
        (WORKERS, "test_a_worker_that_was_given_up_changes_nothing_when_it_comes_back"),
        (CLAIMING, "test_a_lease_that_ends_frees_the_delivery_and_fences_the_one_who_held_it"),
    ),
    "F06 all workers off": (
        (WORKERS, "test_after_ten_minutes_off_the_backlog_goes_out_in_the_order_of_its_due_times"),
        (QUICK, "test_workers_that_were_off_find_everything_and_two_share_it"),
        ("tests/webhooks/test_figures.py", "test_age_and_turn_grow_while_nobody_works_and_fall_when_all_is_sent"),
    ),
    "F07 no scheduler": ((WORKERS, "test_a_later_try_needs_neither_redis_nor_a_scheduler"),),
    "F08 Redis emptied or killed": ((QUICK, "test_redis_emptied_again_and_again_frozen_and_killed_loses_nothing"),),
    "F09 Redis frozen": ((QUICK, "test_redis_emptied_again_and_again_frozen_and_killed_loses_nothing"),),
    "F11 Redis over its memory": (
        (WORKERS, "test_a_redis_that_takes_nothing_more_delays_by_a_sweep_only"),
        ("tests/test_commands.py", "test_production_refuses_a_redis_that_evicts"),
    ),
    "F12 PostgreSQL killed": ((QUICK, "test_a_postgresql_that_dies_under_the_worker_loses_nothing"),),
    "F19 clocks that are wrong": (
        ("tests/faults/test_clocks.py", "test_clocks_that_are_wrong_by_ten_minutes_neither_delay_nor_hurry_nor_double_anything"),
        ("tests/faults/test_clocks.py", "test_a_worker_whose_clock_is_wrong_says_so"),
        ("tests/faults/test_clocks.py", "test_what_decides_about_deliveries_reads_no_wall_clock"),
    ),
    "F20 receivers that hang, drip, reset, have bad TLS or no address": (
        (SENDING, "test_drips_and_hangs_end_after_fifteen_seconds_in_all"),
    ),
    "F21 the answer comes too late": ((DELIVERER, "test_a_receiver_that_replies_too_late_gets_the_same_id_again"),),
    "F22 3xx, 410, Retry-After": (
        (RECORDING, "test_retry_after_lengthens_the_wait_to_twice_the_plan_at_most"),
        (RECORDING, "test_410_switches_the_endpoint_off_at_once_and_tells_it"),
    ),
    "F23 two relays, two sweepers, one claim": (
        (CLAIMING, "test_workers_that_claim_at_once_never_get_the_same"),
        (CLAIMING, "test_the_race_would_find_a_claim_that_reads_first_and_writes_later"),
        ("tests/outbox/test_relay.py", "test_writers_and_two_relays_at_once_lose_nothing_and_hand_on_nothing_twice"),
        (QUICK, "test_workers_that_were_off_find_everything_and_two_share_it"),
    ),
    "F24 our own way out is down": (
        (WORKERS, "test_while_no_name_can_be_resolved_nothing_counts_and_all_arrives_afterwards"),
        (RECORDING, "test_while_our_own_way_out_is_down_nothing_counts"),
    ),
    "F25 the worker loses the database after it sent": (
        (WORKERS, "test_a_worker_that_loses_the_database_after_it_sent_writes_down_what_it_knows_later"),
    ),
    "F26 deleted or disabled with a try in flight": (
        (DELIVERER, "test_no_try_begins_after_the_answer_to_a_delete"),
        (RECORDING, "test_what_is_in_flight_when_an_endpoint_goes_is_recorded_and_not_tried_again"),
    ),
    "F27 workers replaced under load": ((WORKERS, "test_workers_that_are_replaced_under_load_end_what_they_began"),),
    "F28 another master key": (
        (DELIVERER, "test_what_cannot_be_signed_waits_and_is_sent_when_it_can"),
        ("tests/faults/test_master_key.py", "test_the_key_is_changed_with_deliveries_running_and_no_signature_is_wrong"),
    ),
    "F30 when an endpoint is switched off": (
        ("tests/webhooks/test_health.py", "test_more_than_half_of_twenty_tries_over_a_day_switch_it_off"),
    ),
    "T33 one tenant's hanging endpoints": (
        ("tests/faults/test_fairness.py", "test_a_tenant_whose_endpoints_hang_leaves_the_others_as_fast_as_before"),
        ("tests/faults/test_fairness.py", "test_the_measurement_would_find_a_worker_without_caps"),
    ),
    "T34 used against a third party": (("tests/faults/test_fairness.py", "test_an_organization_is_no_cannon"),),
}

# Fails when docs/fidelity.md is not what the program writes.
execute_process(COMMAND ${PROGRAM} --page OUTPUT_VARIABLE written COMMAND_ERROR_IS_FATAL ANY)
file(READ ${PAGE} kept)
if(NOT written STREQUAL kept)
  message(FATAL_ERROR "docs/fidelity.md is not current: kalends_fidelity --page > docs/fidelity.md")
endif()

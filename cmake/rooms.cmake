# kalends_room(NAME SOURCES ... USES ...): the static library kalends_NAME, third party as PRIVATE where headers hide it.
function(kalends_room name)
  cmake_parse_arguments(room "" "" "SOURCES;USES;HIDES" ${ARGN})
  add_library(kalends_${name} STATIC ${room_SOURCES})
  target_link_libraries(kalends_${name} PUBLIC kalends_options ${room_USES} PRIVATE ${room_HIDES})
endfunction()

# kalends_optimised(SOURCE ...): sources of this folder that tests run through hundreds of thousands of times. Builds that optimise
# nothing optimise these a little: they take a tenth longer to compile and are several times as fast.
function(kalends_optimised)
  if(CMAKE_BUILD_TYPE STREQUAL Debug AND NOT CMAKE_CXX_FLAGS_DEBUG MATCHES coverage)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -O1)
  endif()
endfunction()

# kalends_test(NAME SOURCES ... USES ... LABEL unit|db|simulation|e2e [WHOLE]): one GoogleTest binary, one CTest per suite
# member; WHOLE makes it one CTest in all, for tests that share something dear (a PostgreSQL) within their process.
include(GoogleTest)

# A report ends the test; a sanitized program is several times slower.
set(sanitizer_settings)
if(KALENDS_SANITIZE MATCHES thread)
  set(sanitizer_settings
    ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp")
elseif(KALENDS_SANITIZE)
  set(sanitizer_settings ENVIRONMENT "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1")
endif()

function(kalends_test name)
  cmake_parse_arguments(test "WHOLE" "LABEL;TIMEOUT" "SOURCES;USES" ${ARGN})
  if(NOT test_LABEL)
    set(test_LABEL unit)
  endif()
  if(NOT test_TIMEOUT)
    set(test_TIMEOUT 120)
  endif()
  if(KALENDS_SANITIZE)
    math(EXPR test_TIMEOUT "${test_TIMEOUT} * 4")
  endif()
  add_executable(${name} ${test_SOURCES})
  target_link_libraries(${name} PRIVATE kalends_options ${test_USES} GTest::gmock GTest::gtest_main)
  if(test_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS ${test_LABEL} TIMEOUT ${test_TIMEOUT} ${sanitizer_settings})
  else()
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
      PROPERTIES LABELS ${test_LABEL} TIMEOUT ${test_TIMEOUT} ${sanitizer_settings})
  endif()
endfunction()

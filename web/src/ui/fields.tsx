// SPDX-License-Identifier: Apache-2.0
// All form fields under one name. `problem` shows as the field's error; null is fine. A page that must be light takes what it needs from the files themselves.
export {TextField, type TextFieldProps} from './text_field';
export {NumberField, type NumberFieldProps} from './number_field';
export {ComboBox, Select, type Choice, type ComboBoxProps, type SelectProps} from './select';
export {Checkbox, Switch} from './checks';
export {RadioGroup, type RadioGroupProps} from './radio_group';
export {DateTimePicker, type DateTimePickerProps} from './date_time_picker';

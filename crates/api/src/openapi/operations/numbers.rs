use crate::dto::call_flow::CallFlow;
use crate::dto::did::Did;
use crate::dto::did_group::DidGroup;
use crate::openapi::operation::Operation;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        id: "listCallFlows",
        summary: "Ways of handling calls",
        ..Operation::list::<CallFlow>("/callFlows")
    },
    Operation {
        id: "getCallFlow",
        summary: "One call flow, with every attribute at its default",
        ..Operation::read::<CallFlow>("/callFlows/{id}")
    },
    Operation {
        id: "listDids",
        summary: "Numbers that can be dialled",
        ..Operation::list::<Did>("/dids")
    },
    Operation {
        id: "getDid",
        summary: "One number",
        ..Operation::read::<Did>("/dids/{id}")
    },
    Operation {
        id: "listDidGroups",
        summary: "Groups of numbers",
        ..Operation::list::<DidGroup>("/didGroups")
    },
    Operation {
        id: "getDidGroup",
        summary: "One group",
        ..Operation::read::<DidGroup>("/didGroups/{id}")
    },
];

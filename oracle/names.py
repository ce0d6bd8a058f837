"""What a borrower and a lender read beside each value of `explain` and `admits`, in Chinese.

Rules that hold here: keys are the names that JSON has, which stay English for programs; a name that is not
here is shown as it is.
"""

CHINESE = {
    # explain
    "account": "钱包",
    "status": "记录",
    "disputed": "异议处理中",
    "score": "评分",
    "band": "分档",
    "low": "下限",
    "high": "上限",
    "badBps": "预计未按约还款（万分比）",
    "segment": "分组",
    "capped": "封顶",
    "cap": "上限分数",
    "without": "不封顶时",
    "helped": "加分项",
    "heldBack": "主要影响因素",
    "base": "基础分",
    "total": "合计",
    "terms": "各项得分",
    "features": "特征",
    "feature": "特征",
    "values": "取值",
    "points": "分数",
    "code": "代码",
    "text": "说明",
    "target": "目标分数",
    "planText": "方案说明",
    "plan": "改进方案",
    "days": "天数",
    # admits
    "epoch": "期",
    "scored": "有评分人数",
    "admits": "按最新一期获准",
    "older": "仅凭往期评分获准",
    "note": "注",
    "atLeast": "不低于",
    "statuses": "记录种类（位）",
    "records": "可接受的记录",
    "widest": "最大区间（±）",
    "people": "人数",
    "ofScoredBps": "占有评分者（万分比）",
    "epochsBefore": "早几期",
    "secondsBefore": "早几秒",
}
